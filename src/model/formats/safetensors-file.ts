import { open, type FileHandle } from "node:fs/promises";
import { DisposedError } from "../../errors/families.ts";
import { asFileError } from "../../files/atomic-write.ts";
import { damaged, MAX_HEADER_BYTES, parseSafetensorsHeader, type SafetensorsHeader, type TensorInfo } from "./safetensors-header.ts";

/** One open .safetensors file: its checked header, and bytes on demand. */
export class SafetensorsFile {
  readonly file: string;
  readonly header: SafetensorsHeader;
  #handle: FileHandle | undefined;

  private constructor(file: string, handle: FileHandle, header: SafetensorsHeader) {
    this.file = file;
    this.header = header;
    this.#handle = handle;
  }

  /** Opens a file and reads its header; the data stays on disk. @throws {WeightsError} if damaged. @throws {FileError} if unreadable. */
  static async open(file: string): Promise<SafetensorsFile> {
    const handle = await open(file, "r").catch((error: unknown) => Promise.reject(asFileError(error, file, "read")));
    try {
      return new SafetensorsFile(file, handle, await readHeader(file, handle));
    } catch (error) {
      await handle.close();
      throw asFileError(error, file, "read");
    }
  }

  /** The bytes of one tensor. @throws {DisposedError} after close. @throws {WeightsError} if the file became shorter. */
  async readBytes({ byteOffset, byteLength }: TensorInfo): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#handle === undefined) {
      throw new DisposedError({ message: `${this.file} was closed; open it again to read from it`, details: { resource: this.file } });
    }
    return readFully(this.file, this.#handle, { byteOffset, byteLength }).catch((error: unknown) => {
      throw asFileError(error, this.file, "read");
    });
  }

  /** Closes the file; a second call does nothing. */
  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }
}

/** How the few lines begin that Git keeps in place of a large file. */
const LFS_POINTER = "version ";

async function readHeader(file: string, handle: FileHandle): Promise<SafetensorsHeader> {
  const { size } = await handle.stat();
  if (size < 8) throw damaged(file, `it has ${size} bytes, a header alone needs 8`, { expected: 8, actual: size });
  const prefix = await readFully(file, handle, { byteOffset: 0, byteLength: 8 });
  if (new TextDecoder().decode(prefix) === LFS_POINTER) {
    throw damaged(file, "it is a pointer of Git LFS, the file itself was not fetched (git lfs pull)", { actual: size });
  }
  const length = Number(new DataView(prefix.buffer).getBigUint64(0, true));
  if (length > MAX_HEADER_BYTES) throw damaged(file, `its header claims ${length} bytes`, { expected: MAX_HEADER_BYTES, actual: length });
  if (8 + length > size) {
    throw damaged(file, `it is truncated within its header: ${8 + length} bytes expected, the file has ${size}`, {
      expected: 8 + length,
      actual: size,
    });
  }
  return parseSafetensorsHeader(file, await readFully(file, handle, { byteOffset: 8, byteLength: length }), size);
}

/** The most bytes asked of the system in one read. */
const MAX_READ_BYTES = 2 ** 30;

async function readFully(
  file: string,
  handle: FileHandle,
  { byteOffset, byteLength }: { byteOffset: number; byteLength: number },
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(byteLength);
  for (let done = 0; done < byteLength;) {
    const wanted = Math.min(byteLength - done, MAX_READ_BYTES);
    const { bytesRead } = await handle.read(bytes, done, wanted, byteOffset + done);
    if (bytesRead === 0) {
      throw damaged(file, `it ends at byte ${byteOffset + done}, ${byteOffset + byteLength} were expected`, {
        expected: byteOffset + byteLength,
        actual: byteOffset + done,
      });
    }
    done += bytesRead;
  }
  return bytes;
}
