import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { asFileError } from "../../../files/atomic-write.ts";

/** A file that is fetched into the cache. */
export interface FetchedBlob {
  /** Where it is to lie. */
  readonly file: string;
  /** Bytes */
  readonly size: number;
  /** What its content hashes to: sha256 of large files; of others sha1, as Git counts it. */
  readonly digest: { readonly algorithm: "sha256" | "git-sha1"; readonly value: string };
  /** Its bytes from a place on. */
  readonly read: (start: number) => Promise<AsyncIterable<Uint8Array>>;
  /** Told how many bytes are there. */
  readonly onBytes: (done: number) => void;
}

/**
 * Fetches a file so that it is wholly there or not at all: bytes go to `<file>.<process>.incomplete`, which is hashed and renamed. One that a
 * dead process left is gone on with. @returns false if the content is not what was promised; it is removed then.
 */
export async function fetchBlob(blob: FetchedBlob): Promise<boolean> {
  const { file, size, digest } = blob;
  const incomplete = `${file}.${process.pid}.incomplete`;
  await onDisk(file, () => mkdir(dirname(file), { recursive: true }));
  await onDisk(incomplete, () => adoptLeftover(file, incomplete));
  const hash = startHash(digest.algorithm, size);
  const handle = await onDisk(incomplete, () => open(incomplete, "a"));
  try {
    await append(blob, incomplete, { handle, hash });
    await onDisk(incomplete, () => handle.sync());
  } finally {
    await handle.close();
  }
  if (hash.digest("hex") !== digest.value) {
    await rm(incomplete, { force: true });
    return false;
  }
  await onDisk(file, () => rename(incomplete, file));
  return true;
}

async function append(
  { size, read, onBytes }: FetchedBlob,
  incomplete: string,
  { handle, hash }: { readonly handle: FileHandle; readonly hash: Hash },
): Promise<void> {
  let done = (await stat(incomplete)).size;
  if (done > size) await handle.truncate((done = 0));
  if (done > 0) await onDisk(incomplete, () => hashFile(incomplete, hash));
  onBytes(done);
  if (done >= size) return;
  for await (const piece of await read(done)) {
    await onDisk(incomplete, () => handle.appendFile(piece));
    hash.update(piece);
    onBytes((done += piece.length));
  }
}

async function hashFile(file: string, hash: Hash): Promise<void> {
  for await (const piece of createReadStream(file) as AsyncIterable<Uint8Array>) hash.update(piece);
}

/** Takes over what a process that is gone left of the file. */
async function adoptLeftover(file: string, own: string): Promise<void> {
  const [folder, name] = [dirname(file), basename(file)];
  for (const found of await readdir(folder)) {
    const pid = found.startsWith(`${name}.`) ? Number(/\.(\d+)\.incomplete$/.exec(found)?.[1]) : NaN;
    if (!Number.isInteger(pid) || isAlive(pid)) continue;
    await rename(join(folder, found), own).catch(() => undefined); // another process was quicker
    return;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function startHash(algorithm: FetchedBlob["digest"]["algorithm"], size: number): Hash {
  return algorithm === "sha256" ? createHash("sha256") : createHash("sha1").update(`blob ${size}\0`);
}

async function onDisk<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asFileError(error, file, "write");
  }
}
