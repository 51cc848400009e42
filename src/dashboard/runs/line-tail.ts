import { open, type FileHandle } from "node:fs/promises";
import { asFileError } from "../../files/atomic-write.ts";

/** What a look at a growing file brought. */
export interface TailRead {
  /** Whole lines, without their ends. */
  readonly lines: readonly string[];
  /** Whether the lines are all that the file holds: it is another file than before, or what was read of it is no more. */
  readonly isNew: boolean;
  /** When the file was last written, milliseconds since 1970; null if there is none. */
  readonly writtenAt: number | null;
}

const CHUNK_BYTES = 2 ** 20;
/** Bytes before the place that was read to, by which a file is known again. */
const MARK_BYTES = 96;
const LINE_END = 0x0a;

/**
 * Reads a file that another process appends lines to, each time from where it came to the last time. A last line without its end is left until it is whole. A
 * file that is replaced, cut, or written over is noticed and read from its beginning; one that is not there yet is empty.
 */
export class LineTail {
  readonly file: string;
  #inode: number | undefined;
  /** Just behind the last line end that was read. */
  #offset = 0;
  #mark: Buffer = Buffer.of();

  constructor(file: string) {
    this.file = file;
  }

  /** @throws {FileError} if the file is there and cannot be read. */
  async read(): Promise<TailRead> {
    try {
      const handle = await openIfThere(this.file);
      if (handle === undefined) return this.#lose();
      try {
        return await this.#readOn(handle);
      } finally {
        await handle.close();
      }
    } catch (error) {
      throw asFileError(error, this.file, "read");
    }
  }

  #lose(): TailRead {
    const wasThere = this.#inode !== undefined;
    this.#forget(undefined);
    return { lines: [], isNew: wasThere, writtenAt: null };
  }

  async #readOn(handle: FileHandle): Promise<TailRead> {
    const { ino, size, mtimeMs } = await handle.stat();
    const isNew = ino !== this.#inode || size < this.#offset || !(await this.#isKnown(handle));
    if (isNew) this.#forget(ino);
    const lines: string[] = [];
    let rest: Buffer = Buffer.of();
    for (;;) {
      const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES, this.#offset + rest.length);
      if (bytesRead === 0) return { lines, isNew, writtenAt: mtimeMs };
      const bytes = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
      const end = bytes.lastIndexOf(LINE_END) + 1;
      if (end > 0) {
        lines.push(...linesOf(bytes.subarray(0, end)));
        this.#offset += end;
        this.#mark = Buffer.concat([this.#mark, bytes.subarray(0, end)]).subarray(-MARK_BYTES);
      }
      rest = bytes.subarray(end);
    }
  }

  async #isKnown(handle: FileHandle): Promise<boolean> {
    const { length } = this.#mark;
    if (length === 0) return true;
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, this.#offset - length);
    return bytesRead === length && buffer.equals(this.#mark);
  }

  #forget(inode: number | undefined): void {
    this.#inode = inode;
    this.#offset = 0;
    this.#mark = Buffer.of();
  }
}

async function openIfThere(file: string): Promise<FileHandle | undefined> {
  try {
    return await open(file, "r");
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR")) return undefined;
    throw error;
  }
}

function linesOf(bytes: Buffer): string[] {
  return bytes.toString("utf8").slice(0, -1).split("\n");
}
