import { createReadStream } from "node:fs";
import { asFileError } from "../../files/atomic-write.ts";

const NEWLINE = 10;

/** Where the lines of a file begin: 8 bytes a line are kept, not the lines. */
export class LineIndex {
  readonly file: string;
  /** Where each line begins, then the end of the last. */
  readonly #offsets: Float64Array;

  private constructor(file: string, offsets: Float64Array) {
    this.file = file;
    this.#offsets = offsets;
  }

  /** Reads through a file once. @throws {FileError} if it cannot be read. */
  static async open(file: string): Promise<LineIndex> {
    const offsets: number[] = [0];
    let position = 0;
    let last = NEWLINE;
    try {
      for await (const piece of createReadStream(file, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
        for (let at = piece.indexOf(NEWLINE); at !== -1; at = piece.indexOf(NEWLINE, at + 1)) offsets.push(position + at + 1);
        position += piece.length;
        last = piece.at(-1) ?? last;
      }
    } catch (error) {
      throw asFileError(error, file, "read");
    }
    if (last !== NEWLINE) offsets.push(position);
    return new LineIndex(file, Float64Array.from(offsets));
  }

  get count(): number {
    return this.#offsets.length - 1;
  }

  /** Lines from one on. @throws {FileError} if the file cannot be read. */
  async *lines(from: number, count: number): AsyncGenerator<{ readonly line: number; readonly text: string }> {
    const end = Math.min(this.count, from + count);
    if (from >= end) return;
    const [start, stop] = [this.#offsets[from] ?? 0, this.#offsets[end] ?? 0];
    if (stop === start) return;
    let rest: Buffer = Buffer.alloc(0);
    let line = from;
    try {
      for await (const piece of createReadStream(this.file, { start, end: stop - 1 }) as AsyncIterable<Buffer>) {
        let bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
        for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE)) {
          yield { line: line++, text: bytes.toString("utf8", 0, at) };
          bytes = bytes.subarray(at + 1);
        }
        rest = bytes;
      }
    } catch (error) {
      throw asFileError(error, this.file, "read");
    }
    if (rest.length > 0) yield { line, text: rest.toString("utf8") };
  }
}
