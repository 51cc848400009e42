import { mkdir, open, readdir, rm, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { asFileError } from "../../files/atomic-write.ts";
import { encodeEvent, type BoardEvent, type EventContent } from "./event-proto.ts";
import { tfRecord } from "./tf-record.ts";

/** TensorBoard knows its files by the word in the middle, and reads them in the order of their names. */
const FILE = /^events\.out\.tfevents\.(\d{10})\.polyvec$/;

const VERSION = "brain.Event:2";

/** A file of events that TensorBoard reads, while it grows too. */
export class EventFile implements AsyncDisposable {
  readonly file: string;
  #handle: FileHandle | undefined;

  private constructor(file: string, handle: FileHandle) {
    this.file = file;
    this.#handle = handle;
  }

  /** Begins a new file, whose name comes after those in the folder; makes the folder if there is none. @throws {FileError} */
  static async create(folder: string): Promise<EventFile> {
    try {
      await mkdir(folder, { recursive: true });
      const latest = Math.max(0, ...(await readdir(folder)).map((name) => Number(FILE.exec(name)?.[1] ?? 0)));
      const seconds = Math.max(latest + 1, Math.floor(Date.now() / 1000));
      const file = join(folder, `events.out.tfevents.${String(seconds).padStart(10, "0")}.polyvec`);
      return await EventFile.#begin(new EventFile(file, await open(file, "wx")));
    } catch (error) {
      throw asFileError(error, folder, "write");
    }
  }

  static async #begin(file: EventFile): Promise<EventFile> {
    try {
      await file.append(0, { fileVersion: VERSION });
      return file;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Appends an event that happens now. @throws {FileError} if the disk is full. */
  async append(step: number, content: EventContent): Promise<void> {
    const event: BoardEvent = { step, wallTime: Date.now() / 1000, ...content };
    await this.#handle
      ?.appendFile(tfRecord(encodeEvent(event)))
      .catch((error: unknown) => Promise.reject(asFileError(error, this.file, "write")));
  }

  /** Closes the file, after which nothing is appended any more; a second call does nothing. */
  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** Removes the files of events from a folder, if there are any. @throws {FileError} */
export async function removeEventFiles(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []); // no folder, or none that a file could be made in
  const files = names.filter((name) => FILE.test(name)).map((name) => join(folder, name));
  for (const file of files) await rm(file, { force: true }).catch((error: unknown) => Promise.reject(asFileError(error, file, "write")));
}
