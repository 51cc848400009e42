import type { BigIntStats } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { resolve } from "node:path";
import { crc32 } from "node:zlib";
import yauzl, { type Entry } from "yauzl";
import { DataError, DisposedError } from "../../errors/families.ts";
import type { StoredPlace } from "../../inputs/embedding-input.ts";
import { readEntry } from "../../inputs/read-stored.ts";
import { PolyvecError } from "../../errors/polyvec-error.ts";
import { asFileError } from "../../files/atomic-write.ts";
import { stateOf, type StoredState } from "./stored-state.ts";
import { ZipIndex, type ZipEntryPlace } from "./zip-index.ts";

/** Pictures have a few megabytes; what says it has more than this is not read. */
const LARGEST_FILE = 1 << 30;
const STORED = 0;
const DEFLATED = 8;

/** A zip archive whose files are read where they lie, found by its central directory. */
export class ZipArchive {
  readonly file: string;
  readonly #handle: FileHandle;
  readonly #index: ZipIndex;
  readonly #info: BigIntStats;
  #isClosed = false;

  private constructor(file: string, { handle, index, info }: OpenedZip) {
    this.file = file;
    this.#handle = handle;
    this.#index = index;
    this.#info = info;
  }

  /** Reads the central directory. @throws {FileError} if it cannot be read. @throws {DataError} if it is no zip archive, or truncated. */
  static async open(file: string): Promise<ZipArchive> {
    let handle: FileHandle | undefined;
    try {
      handle = await open(file);
      const info = await handle.stat({ bigint: true });
      const zip = await yauzl.fromFdPromise(handle.fd, { lazyEntries: true, autoClose: false, strictFileNames: false });
      const index = new ZipIndex();
      for await (const entry of zip.eachEntry()) {
        if (!entry.fileName.endsWith("/")) index.add(entry.fileName, placeOf(entry));
      }
      return new ZipArchive(file, { handle, index, info });
    } catch (error) {
      await handle?.close();
      throw archiveError(error, file);
    }
  }

  /** How many files it holds. */
  get count(): number {
    return this.#index.size;
  }

  has(entry: string): boolean {
    return this.#index.get(entry) !== undefined;
  }

  names(): Iterable<string> {
    return this.#index.names();
  }

  /** What tells whether a file in it is still the same: the archive as it was when it was opened, and the entry with its checksum. */
  state(entry: string): StoredState | undefined {
    const place = this.#index.get(entry);
    if (place === undefined) return undefined;
    return stateOf(["zip", resolve(this.file), entry, place.crc32, place.size, place.headerOffset], this.#info);
  }

  /** Where a file in it lies; undefined if there is none, or none that is read. */
  place(entry: string): StoredPlace | undefined {
    const place = this.#index.get(entry);
    if (place === undefined || refusal(place) !== undefined || this.#isClosed) return undefined;
    const { isEncrypted: _, ...there } = place;
    return { file: resolve(this.file), entry: there };
  }

  /** The bytes of a file in it, their checksum compared. @throws {DataError} naming archive and entry. */
  async read(entry: string): Promise<Uint8Array> {
    if (this.#isClosed) {
      const message = `${this.file} was closed; open the images again to read ${entry}`;
      throw new DisposedError({ message, details: { resource: this.file } });
    }
    const place = this.#index.get(entry);
    if (place === undefined) throw entryError(this.file, entry, "there is no such file in it");
    const refused = refusal(place);
    if (refused !== undefined) throw entryError(this.file, entry, refused);
    const bytes = await readEntry(this.#handle, place).catch((error: unknown) => {
      if (PolyvecError.isInstance(error)) throw error;
      throw entryError(this.file, entry, `it is damaged (${reasonOf(error)}); fetch the archive again`, error);
    });
    if (crc32(bytes) !== place.crc32) throw entryError(this.file, entry, "its checksum is wrong; fetch the archive again");
    return bytes;
  }

  /** Closes the file when what is read of it has been; a second call does nothing. */
  async dispose(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#handle.close();
  }
}

interface OpenedZip {
  readonly handle: FileHandle;
  readonly index: ZipIndex;
  readonly info: BigIntStats;
}

function placeOf(entry: Entry): ZipEntryPlace {
  return {
    headerOffset: entry.relativeOffsetOfLocalHeader,
    compressedSize: entry.compressedSize,
    size: entry.uncompressedSize,
    crc32: entry.crc32,
    method: entry.compressionMethod,
    isEncrypted: entry.isEncrypted(),
  };
}

/** Why a file in an archive is not read; undefined if it is. */
function refusal({ method, size, compressedSize, isEncrypted }: ZipEntryPlace): string | undefined {
  if (isEncrypted) return "it is encrypted; unpack the archive with its password and name the folder";
  if (method !== STORED && method !== DEFLATED)
    return `its compression (method ${method}) is not known; unpack the archive and name the folder`;
  const largest = Math.max(size, compressedSize);
  if (largest > LARGEST_FILE) return `it has ${largest} bytes, at most ${LARGEST_FILE} are read`;
  return undefined;
}

function entryError(file: string, entry: string, problem: string, cause?: unknown): DataError {
  return new DataError({ message: `${file}, entry ${entry}: ${problem}`, details: { file, entry }, cause });
}

function archiveError(error: unknown, file: string): Error {
  if (PolyvecError.isInstance(error)) return error;
  if (error instanceof Error && "code" in error && "syscall" in error) return asFileError(error, file, "read");
  const message = `${file} is not a zip archive that can be read (${reasonOf(error)}); fetch it again`;
  return new DataError({ message, details: { file, entry: null }, cause: error });
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
