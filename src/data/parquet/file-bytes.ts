import { open, type FileHandle } from "node:fs/promises";
import { asFileError } from "../../files/atomic-write.ts";
import { parquetError } from "./problems.ts";

/** The bytes of a file on disk, any of them at any time. */
export class FileBytes implements AsyncDisposable {
  readonly file: string;
  /** Bytes in all. */
  readonly byteLength: number;
  #handle: FileHandle | undefined;

  private constructor(file: string, byteLength: number, handle: FileHandle) {
    this.file = file;
    this.byteLength = byteLength;
    this.#handle = handle;
  }

  /** @throws {FileError} if it cannot be read. */
  static async open(file: string): Promise<FileBytes> {
    try {
      const handle = await open(file, "r");
      try {
        const { size } = await handle.stat();
        if (size > 0) await handle.read(new Uint8Array(1), 0, 1, 0); // a folder can be opened, but not read
        return new FileBytes(file, size, handle);
      } catch (error) {
        await handle.close();
        throw error;
      }
    } catch (error) {
      throw asFileError(error, file, "read");
    }
  }

  /** The bytes from `start` up to `end`, in a buffer of their own. @throws {DataError} if the file ends before. @throws {FileError} */
  async slice(start: number, end: number = this.byteLength): Promise<ArrayBuffer> {
    const bytes = new Uint8Array(Math.max(0, end - start));
    let done = 0;
    while (done < bytes.length) {
      const got = await this.#read(bytes, done, start + done);
      if (got === 0) throw parquetError(this.file, `it ends at byte ${start + done}, while ${end} were expected: it is truncated`);
      done += got;
    }
    return bytes.buffer;
  }

  async #read(into: Uint8Array, at: number, position: number): Promise<number> {
    if (this.#handle === undefined) throw parquetError(this.file, "it was closed while it was read");
    try {
      return (await this.#handle.read(into, at, into.length - at, position)).bytesRead;
    } catch (error) {
      throw asFileError(error, this.file, "read");
    }
  }

  /** Closes the file; a second call does nothing. */
  async dispose(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }
}
