import { open, type FileHandle } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { asFileError } from "../../files/atomic-write.ts";

/** Bytes of a record before its vectors: the key (32) and a checksum over key and vectors (4). */
const HEADER_BYTES = 36;
const KEY_BYTES = 32;

/** A file of records of one size, one after another: key, checksum, vectors. It only ever grows, and by one writer. */
export class SegmentFile {
  readonly file: string;
  readonly #handle: FileHandle;
  /** Bytes of a record. */
  readonly #stride: number;
  #count: number;

  private constructor(file: string, handle: FileHandle, { stride, count }: { readonly stride: number; readonly count: number }) {
    this.file = file;
    this.#handle = handle;
    this.#stride = stride;
    this.#count = count;
  }

  /** Opens a segment for reading. What follows its last whole record (a crash while writing) is no part of it. @throws {FileError} */
  static async read(file: string, payloadBytes: number): Promise<SegmentFile> {
    return SegmentFile.#open(file, payloadBytes, "r");
  }

  /** Makes a new segment, which must not be there yet. @throws {FileError} */
  static async create(file: string, payloadBytes: number): Promise<SegmentFile> {
    return SegmentFile.#open(file, payloadBytes, "wx+");
  }

  static async #open(file: string, payloadBytes: number, flags: "r" | "wx+"): Promise<SegmentFile> {
    const stride = HEADER_BYTES + payloadBytes;
    try {
      const handle = await open(file, flags);
      const { size } = await handle.stat();
      return new SegmentFile(file, handle, { stride, count: Math.floor(size / stride) });
    } catch (error) {
      throw asFileError(error, file, flags === "r" ? "read" : "write");
    }
  }

  /** Records. */
  get count(): number {
    return this.#count;
  }

  /** The keys of all records, in hexadecimal digits, in their order; whether their vectors are whole is seen when they are read. */
  async keys(): Promise<string[]> {
    const keys: string[] = [];
    const perRead = Math.max(1, Math.floor(SCAN_BYTES / this.#stride));
    const sparse = this.#stride > SPARSE_BYTES;
    const buffer = Buffer.alloc(sparse ? KEY_BYTES : perRead * this.#stride);
    for (let from = 0; from < this.#count; from += sparse ? 1 : perRead) {
      const records = sparse ? 1 : Math.min(perRead, this.#count - from);
      await this.#handle.read(buffer, 0, sparse ? KEY_BYTES : records * this.#stride, from * this.#stride);
      for (let at = 0; at < records; at++) keys.push(buffer.toString("hex", at * this.#stride, at * this.#stride + KEY_BYTES));
    }
    return keys;
  }

  /** The vectors of a record; undefined if it is damaged: the checksum or the key does not fit. */
  async vectors(record: number, key: string): Promise<Float32Array | undefined> {
    const payload = await this.payload(record, key);
    return payload === undefined ? undefined : toFloats(payload);
  }

  /** What a record holds beside its key, as bytes; undefined if it is damaged. */
  async payload(record: number, key: string): Promise<Buffer | undefined> {
    const buffer = Buffer.alloc(this.#stride);
    const { bytesRead } = await this.#handle.read(buffer, 0, this.#stride, record * this.#stride);
    if (bytesRead !== this.#stride || buffer.toString("hex", 0, KEY_BYTES) !== key) return undefined;
    if (buffer.readUInt32LE(KEY_BYTES) !== checksumOf(buffer)) return undefined;
    return buffer.subarray(HEADER_BYTES);
  }

  /** Appends a record, of vectors or of bytes. @returns its number. @throws {FileError} if the disk is full. */
  async append(key: string, payload: Float32Array | Uint8Array): Promise<number> {
    const buffer = Buffer.alloc(this.#stride);
    buffer.write(key, 0, "hex");
    Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).copy(buffer, HEADER_BYTES);
    buffer.writeUInt32LE(checksumOf(buffer), KEY_BYTES);
    await this.#handle
      .write(buffer, 0, buffer.length, this.#count * this.#stride)
      .catch((error: unknown) => Promise.reject(asFileError(error, this.file, "write")));
    return this.#count++;
  }

  /** Brings what was appended to the disk. */
  async sync(): Promise<void> {
    await this.#handle.datasync();
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

/** Read at a time when all keys are looked at. */
const SCAN_BYTES = 2 ** 22;
/** Records larger than this are not read whole for their keys. */
const SPARSE_BYTES = 2 ** 13;

function checksumOf(record: Buffer): number {
  return crc32(record.subarray(HEADER_BYTES), crc32(record.subarray(0, KEY_BYTES)));
}

/** A copy as numbers, whatever the bytes' alignment. */
function toFloats(bytes: Buffer): Float32Array {
  const floats = new Float32Array(bytes.length / 4);
  Buffer.from(floats.buffer).set(bytes);
  return floats;
}
