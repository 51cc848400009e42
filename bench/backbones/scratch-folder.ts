import { rmSync } from "node:fs";
import { mkdtemp, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FileError } from "../../src/errors/families.ts";

/** A folder for large files, and a signal that fires when the run is interrupted. */
export interface Scratch {
  readonly folder: string;
  readonly signal: AbortSignal;
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Makes a folder for as long as `use` runs. It goes whatever happens: an error, Ctrl-C, the end of the process. */
export async function withScratch<T>(use: (scratch: Scratch) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "polyvec-backbones-"));
  const stop = new AbortController();
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  const interrupt = (signal: NodeJS.Signals): void => {
    stop.abort();
    remove();
    process.kill(process.pid, signal); // our listener is gone by now: the process ends as it would have without it
  };
  for (const signal of SIGNALS) process.once(signal, interrupt);
  process.once("exit", remove);
  try {
    return await use({ folder, signal: stop.signal });
  } finally {
    for (const signal of SIGNALS) process.removeListener(signal, interrupt);
    process.removeListener("exit", remove);
    remove();
  }
}

/** @throws {FileError} if a folder's disk has not that many bytes left, and a little more. */
export async function checkFreeDisk(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const [free, needed] = [bavail * bsize, bytes * 1.02 + 2 ** 28];
  if (free >= needed) return;
  const gigabytes = (count: number): string => `${(count / 1e9).toFixed(1)} GB`;
  const message = `${folder} has ${gigabytes(free)} left, and the checkpoint needs ${gigabytes(needed)}; free some, or set TMPDIR to a larger disk`;
  throw new FileError({ message, details: { file: folder, errno: "ENOSPC", free, needed } });
}
