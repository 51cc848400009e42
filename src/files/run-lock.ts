import { randomUUID } from "node:crypto";
import { link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join, resolve } from "node:path";
import { z } from "zod";
import { TrainingError } from "../errors/families.ts";
import { asFileError } from "./atomic-write.ts";

/** The name of the lock within its folder. */
export const LOCK_FILE = ".lock";

/** A folder held by this process until it is released. */
export interface RunLock extends AsyncDisposable {
  readonly folder: string;
  /** The process whose lock was taken over because it is dead; undefined if the folder was free. */
  readonly takenOverFrom: number | undefined;
  /** Lets the folder go; a second call does nothing. */
  release(): Promise<void>;
}

const ownerSchema = z.object({
  pid: z.number().int(),
  host: z.string(),
  /** When the process began, as the system counts it: tells it from a later process of the same pid. */
  begun: z.string().nullable(),
  token: z.string(),
  since: z.string(),
});
type Owner = z.output<typeof ownerSchema>;

/** Folders that this very process holds or is about to. */
const held = new Map<string, Owner>();

/**
 * Takes a folder for this process alone; makes it if there is none. The lock of a process that is dead is taken over.
 * @throws {TrainingError} if another run holds it: details `run`, `pid`, `host`, `since`. @throws {FileError} if it cannot be written.
 */
export async function lockFolder(folder: string): Promise<RunLock> {
  const path = resolve(folder);
  const own = {
    pid: process.pid,
    host: hostname(),
    begun: await beginOf(process.pid),
    token: randomUUID(),
    since: new Date().toISOString(),
  };
  const holder = held.get(path);
  if (holder !== undefined) throw folderTaken(folder, holder);
  held.set(path, own);
  try {
    const takenOverFrom = await takeFile(folder, join(path, LOCK_FILE), own);
    return new HeldLock({ folder, path, token: own.token, takenOverFrom });
  } catch (error) {
    held.delete(path);
    throw error;
  }
}

/**
 * Whether a process is at work in a folder: one that lives, this one with all its threads too, or one of another machine, of which nothing can be known.
 * @throws {FileError} if the folder cannot be read.
 */
export async function isHeld(folder: string): Promise<boolean> {
  const owner = await readOwner(join(resolve(folder), LOCK_FILE));
  if (owner === undefined) return false;
  const isOurs = owner.pid === process.pid && owner.host === hostname();
  return isOurs ? owner.begun === (await beginOf(process.pid)) : isAlive(owner);
}

/** Creates the lock, in place of a dead process's if need be. @returns the dead process, if there was one. */
async function takeFile(folder: string, file: string, own: Owner): Promise<number | undefined> {
  await mkdir(dirname(file), { recursive: true }).catch((error: unknown) => Promise.reject(asFileError(error, folder, "lock")));
  let takenOverFrom: number | undefined;
  while (!(await tryCreate(file, own))) {
    const owner = await readOwner(file);
    if (owner === undefined) continue; // released in between
    if (await isAlive(owner)) throw folderTaken(folder, owner);
    if (await removeStale(file, owner)) takenOverFrom = owner.pid;
  }
  return takenOverFrom;
}

class HeldLock implements RunLock {
  readonly folder: string;
  readonly takenOverFrom: number | undefined;
  readonly #path: string;
  readonly #token: string;

  constructor({ folder, path, token, takenOverFrom }: { folder: string; path: string; token: string; takenOverFrom: number | undefined }) {
    this.folder = folder;
    this.takenOverFrom = takenOverFrom;
    this.#path = path;
    this.#token = token;
  }

  async release(): Promise<void> {
    if (held.get(this.#path)?.token !== this.#token) return;
    const file = join(this.#path, LOCK_FILE);
    const owner = await readOwner(file);
    if (owner?.token === this.#token) await rm(file, { force: true });
    held.delete(this.#path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }
}

/** Creates the lock with its content in one step. @returns false if there is one already. */
async function tryCreate(file: string, owner: Owner): Promise<boolean> {
  const temporary = `${file}.${owner.token}`;
  try {
    await writeFile(temporary, JSON.stringify(owner));
    await link(temporary, file);
    return true;
  } catch (error) {
    if (isCode(error, "EEXIST")) return false;
    if (LINKLESS.some((code) => isCode(error, code))) return await createPlainly(file, owner);
    throw asFileError(error, file, "lock");
  } finally {
    await rm(temporary, { force: true });
  }
}

/** What file systems without hard links answer. */
const LINKLESS = ["EPERM", "ENOTSUP", "ENOSYS"];

async function createPlainly(file: string, owner: Owner): Promise<boolean> {
  try {
    await writeFile(file, JSON.stringify(owner), { flag: "wx" });
    return true;
  } catch (error) {
    if (isCode(error, "EEXIST")) return false;
    throw asFileError(error, file, "lock");
  }
}

/** What the lock says; an owner that is certainly dead if it cannot be understood; undefined if there is no lock. */
async function readOwner(file: string): Promise<Owner | undefined> {
  try {
    const parsed = ownerSchema.safeParse(JSON.parse(await readFile(file, "utf8")));
    return parsed.success ? parsed.data : UNREADABLE;
  } catch (error) {
    if (error instanceof SyntaxError) return UNREADABLE;
    if (isCode(error, "ENOENT")) return undefined;
    throw asFileError(error, file, "lock");
  }
}

const UNREADABLE: Owner = { pid: 0, host: hostname(), begun: null, token: "", since: "" };

async function isAlive({ pid, host, begun }: Owner): Promise<boolean> {
  if (host !== hostname()) return true; // cannot be known from here
  if (pid === 0) return false;
  if (pid === process.pid && begun === null) return false; // an earlier process of this pid, as this one does not hold the folder
  try {
    process.kill(pid, 0);
  } catch (error) {
    return isCode(error, "EPERM"); // there, but another user's
  }
  return begun === null || begun === (await beginOf(pid));
}

/** Moves a dead process's lock away. @returns false if another process was quicker. */
async function removeStale(file: string, stale: Owner): Promise<boolean> {
  const aside = `${file}.stale.${randomUUID()}`;
  try {
    await rename(file, aside);
  } catch (error) {
    if (isCode(error, "ENOENT")) return false;
    throw asFileError(error, file, "lock");
  }
  const moved = await readOwner(aside);
  const isStale = moved?.token === stale.token;
  if (!isStale) await link(aside, file).catch(() => undefined); // a fresh lock was moved by mistake: put it back
  await rm(aside, { force: true });
  return isStale;
}

/** Of a process that has ended and is only still listed: no lock notes such a beginning. */
const ENDED = "ended";

/** When a process began, where the system tells (Linux): the boot, and field 22 of /proc/pid/stat. */
async function beginOf(pid: number): Promise<string | null> {
  const read = (file: string): Promise<string> => readFile(file, "utf8").catch(() => "");
  const [boot, status] = await Promise.all([read("/proc/sys/kernel/random/boot_id"), read(`/proc/${pid}/stat`)]);
  const fields = status.slice(status.lastIndexOf(")") + 2).split(" "); // the name before may hold spaces
  if (fields[0] === "Z") return ENDED;
  const ticks = fields[19];
  return ticks === undefined ? null : `${boot.trim()} ${ticks}`;
}

function folderTaken(folder: string, { pid, host, since }: Owner): TrainingError {
  const where = host === hostname() ? `process ${pid}` : `process ${pid} on ${host}`;
  const wayOut =
    host === hostname()
      ? "wait for it, stop it, or choose another folder"
      : `wait for it or choose another folder; if that machine is gone, delete ${join(folder, LOCK_FILE)}`;
  return new TrainingError({
    message: `${folder} is in use by ${where} since ${since}: ${wayOut}`,
    details: { run: folder, pid, host, since },
  });
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
