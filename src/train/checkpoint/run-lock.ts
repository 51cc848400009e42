import { randomUUID } from "node:crypto";
import { link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { TrainingError } from "../../errors/families.ts";
import { asFileError } from "../../files/atomic-write.ts";
import { isSameProcess, processStart } from "./process-identity.ts";

/** Keeps a second run out of a run's folder until it is released. */
export interface RunLock extends AsyncDisposable {
  readonly file: string;
  /** Lets others in; a second call does nothing. */
  release(): Promise<void>;
}

const holderSchema = z.object({
  token: z.string(),
  pid: z.int(),
  host: z.string(),
  /** Tells the process from a later one of the same number. */
  start: z.string().nullable(),
  since: z.string(),
});
type Holder = z.infer<typeof holderSchema>;

const LOCK = "run.lock";
const ATTEMPTS = 5;

/**
 * Takes a run's folder for this process. A lock whose process is gone (killed, or the machine restarted) is taken over.
 * @throws {TrainingError} naming the process that has it. @throws {FileError} if the folder cannot be written.
 */
export async function acquireRunLock(folder: string): Promise<RunLock> {
  const file = join(folder, LOCK);
  const own: Holder = {
    token: randomUUID(),
    pid: process.pid,
    host: hostname(),
    start: await processStart(process.pid),
    since: new Date().toISOString(),
  };
  try {
    await mkdir(folder, { recursive: true });
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (await take(file, own)) return new HeldLock(file, own.token);
      const holder = await readHolder(file);
      if (holder !== undefined && (await isHeld(holder))) throw taken(folder, file, holder);
      if (holder !== undefined) await takeAway(file, holder);
    }
  } catch (error) {
    throw asFileError(error, file, "lock");
  }
  throw taken(folder, file, undefined);
}

class HeldLock implements RunLock {
  readonly file: string;
  readonly #token: string;

  constructor(file: string, token: string) {
    this.file = file;
    this.#token = token;
  }

  async release(): Promise<void> {
    const holder = await readHolder(this.file);
    if (holder !== undefined && holder !== "unknown" && holder.token === this.#token) await rm(this.file, { force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }
}

/** Puts the lock there with its content at once, so that nobody sees it empty. @returns whether it was free. */
async function take(file: string, own: Holder): Promise<boolean> {
  const draft = `${file}.${own.token}`;
  await writeFile(draft, `${JSON.stringify(own)}\n`);
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/** Who has the lock; undefined if it is free, `unknown` if it cannot be understood. */
async function readHolder(file: string): Promise<Holder | "unknown" | undefined> {
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    return holderSchema.parse(JSON.parse(text));
  } catch {
    return "unknown";
  }
}

/** Whether the lock's process is, as far as can be known from here, still at work. */
async function isHeld(holder: Holder | "unknown"): Promise<boolean> {
  if (holder === "unknown" || holder.host !== hostname()) return true;
  return isSameProcess(holder.pid, holder.start);
}

/** Removes a dead process's lock, and no other: if somebody has taken it over meanwhile, theirs is put back. */
async function takeAway(file: string, dead: Holder | "unknown"): Promise<void> {
  const aside = `${file}.${randomUUID()}`;
  await rename(file, aside).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  });
  const moved = await readHolder(aside);
  const isDead = moved === undefined || dead === "unknown" || (moved !== "unknown" && moved.token === dead.token);
  if (!isDead) await link(aside, file).catch(() => undefined);
  await rm(aside, { force: true });
}

function taken(folder: string, file: string, holder: Holder | "unknown" | undefined): TrainingError {
  const who = typeof holder === "object" ? `process ${holder.pid} on ${holder.host}, since ${holder.since}` : "another process";
  return new TrainingError({
    message: `the run folder ${folder} is in use by ${who}; wait for it, stop it, or choose another folder. If it is surely gone, remove ${file}`,
    details: { run: folder, file, ...(typeof holder === "object" ? { pid: holder.pid, host: holder.host, since: holder.since } : {}) },
  });
}
