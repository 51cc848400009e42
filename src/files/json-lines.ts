import { mkdir, open, readFile, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { DataError, DisposedError } from "../errors/families.ts";
import { asFileError, writeFileAtomic } from "./atomic-write.ts";

/** The content of a file of JSON lines. */
export interface JsonLines {
  readonly rows: readonly unknown[];
  /** The last line, if it was cut off while being written (a kill, a full disk); it is not among the rows. */
  readonly dropped?: string;
}

/**
 * Reads a file of JSON lines; empty lines are passed over. A last line that was cut off is dropped and reported.
 * @throws {FileError} if it cannot be read. @throws {DataError} if another line is not JSON: details `file`, `row` (from 1).
 */
export async function readJsonLines(file: string): Promise<JsonLines> {
  const text = await readFile(file, "utf8").catch((error: unknown) => Promise.reject(asFileError(error, file, "read")));
  return parseJsonLines(text, { file });
}

/** Parses JSON lines. @throws {DataError} as {@link readJsonLines}. */
export function parseJsonLines(text: string, { file }: { file: string }): JsonLines {
  const lines = text.replace(/^\uFEFF/, "").split("\n");
  const last = lines.length - 1;
  const rows: unknown[] = [];
  for (const [index, line] of lines.entries()) {
    if (line.trim() === "") continue;
    try {
      rows.push(JSON.parse(line));
    } catch (cause) {
      if (index === last) return { rows, dropped: line };
      const reason = (cause as SyntaxError).message;
      const message = `${file}: line ${index + 1} is not JSON: ${reason}; correct or remove it`;
      throw new DataError({ message, details: { file, row: index + 1 }, cause });
    }
  }
  return { rows };
}

/** Writes a file of JSON lines anew, atomically. @throws {FileError} if it cannot be written; the earlier file stays. */
export async function writeJsonLines(file: string, rows: Iterable<unknown>): Promise<void> {
  await writeFileAtomic(file, toBytes(rows));
}

function* toBytes(rows: Iterable<unknown>): Generator<Uint8Array> {
  for (const row of rows) yield Buffer.from(`${JSON.stringify(row)}\n`);
}

/** Appends rows to a file of JSON lines, each in one write. */
export class JsonLinesWriter implements AsyncDisposable {
  readonly file: string;
  /** What was cut off the file's end when it was opened: the rest of a line that was never finished. */
  readonly dropped: string | undefined;
  #handle: FileHandle | undefined;

  private constructor(file: string, handle: FileHandle, dropped: string | undefined) {
    this.file = file;
    this.dropped = dropped;
    this.#handle = handle;
  }

  /** Opens a file for appending, makes it and its folder if there is none, and removes an unfinished last line. @throws {FileError} */
  static async open(file: string): Promise<JsonLinesWriter> {
    try {
      await mkdir(dirname(file), { recursive: true });
      const handle = await open(file, "a+");
      try {
        return new JsonLinesWriter(file, handle, await mendEnd(handle));
      } catch (error) {
        await handle.close();
        throw error;
      }
    } catch (error) {
      throw asFileError(error, file, "write");
    }
  }

  /** Appends one row. @throws {FileError} if the disk is full. @throws {DisposedError} after close. */
  async append(row: unknown): Promise<void> {
    if (this.#handle === undefined) {
      throw new DisposedError({ message: `${this.file} was closed; open it again to append to it`, details: { resource: this.file } });
    }
    await this.#handle
      .appendFile(`${JSON.stringify(row)}\n`)
      .catch((error: unknown) => Promise.reject(asFileError(error, this.file, "write")));
  }

  /** Closes the file; a second call does nothing. */
  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** Bytes looked at per step when searching for the end of the last whole line. */
const CHUNK_BYTES = 65_536;

/** Makes the file end with a whole line: finishes a last line that only lacks its line end, cuts off one that is broken. */
async function mendEnd(handle: FileHandle): Promise<string | undefined> {
  const { size } = await handle.stat();
  const tail = await readTail(handle, size);
  if (tail.length === 0) return undefined;
  const line = tail.toString("utf8");
  if (isJson(line)) {
    await handle.appendFile("\n");
    return undefined;
  }
  await handle.truncate(size - tail.length);
  return line;
}

/** The bytes that follow the last line end. */
async function readTail(handle: FileHandle, size: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for (let end = size; end > 0;) {
    const begin = Math.max(0, end - CHUNK_BYTES);
    const { buffer } = await handle.read(Buffer.alloc(end - begin), 0, end - begin, begin);
    const lineEnd = buffer.lastIndexOf("\n");
    pieces.unshift(buffer.subarray(lineEnd + 1));
    if (lineEnd >= 0) break;
    end = begin;
  }
  return Buffer.concat(pieces);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
