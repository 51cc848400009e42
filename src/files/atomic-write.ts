import { randomUUID } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join, basename } from "node:path";
import { FileError } from "../errors/families.ts";
import { PolyvecError } from "../errors/polyvec-error.ts";

/** Bytes or text to write; several pieces are written one after another, and asked for only when their turn comes. */
export type FileContent = string | Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/**
 * Writes a file so that it is either wholly there or not at all: a temporary file beside it, fsync, rename, fsync of the folder.
 * Missing folders are made. An earlier file of that name stays untouched until the new one is whole.
 * @throws {FileError} if the disk is full or the place cannot be written; the temporary file is removed.
 */
export async function writeFileAtomic(file: string, content: FileContent): Promise<void> {
  const folder = dirname(file);
  const temporary = join(folder, `.${basename(file)}.${randomUUID()}.tmp`);
  try {
    await mkdir(folder, { recursive: true });
    await writeDurably(temporary, content);
    await rename(temporary, file);
    await syncFolder(folder);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw asFileError(error, file, "write");
  }
}

/** Writes a value as JSON (two spaces, final newline), atomically. @throws {FileError} as {@link writeFileAtomic}. */
export async function writeJsonAtomic(file: string, value: unknown): Promise<void> {
  await writeFileAtomic(file, `${JSON.stringify(value, null, 2)}\n`);
}

/** Turns an error of the file system into a {@link FileError} that names the file and the way out. */
export function asFileError(error: unknown, file: string, action: "read" | "write" | "lock"): Error {
  if (PolyvecError.isInstance(error)) return error;
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return error as Error;
  const hint = HINTS[error.code] ?? error.message;
  return new FileError({ message: `cannot ${action} ${file}: ${hint}`, details: { file, errno: error.code }, cause: error });
}

const HINTS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or folder; check the path",
  EACCES: "permission is denied; check the owner and mode of the file and its folder",
  EPERM: "permission is denied; check the owner and mode of the file and its folder",
  ENOSPC: "the disk is full; free some space and run the same command again, what was written before is kept",
  EDQUOT: "the disk quota is used up; free some space and run the same command again, what was written before is kept",
  EROFS: "the file system is read-only; choose another folder",
  EISDIR: "it is a folder, a file was expected",
  ENOTDIR: "a part of the path is a file, a folder was expected",
  EEXIST: "a file is in the way where a folder is needed; choose another place",
  EMFILE: "too many files are open; raise the limit (ulimit -n)",
};

async function writeDurably(file: string, content: FileContent): Promise<void> {
  const handle = await open(file, "wx");
  try {
    const pieces = typeof content === "string" ? [Buffer.from(content)] : content instanceof Uint8Array ? [content] : content;
    for await (const piece of pieces) await handle.writeFile(piece);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch(() => undefined); // some systems cannot open folders
  if (handle === undefined) return;
  await handle.sync().catch(() => undefined);
  await handle.close();
}
