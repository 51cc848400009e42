import { availableParallelism, cpus } from "node:os";

/** What the machine offers; a test gives its own. */
export interface Cores {
  /** Of the machine. */
  readonly all: number;
  /** That this process may run on: fewer if its launcher bound it to some. */
  readonly allowed: number;
}

/** Threads for each of the processes that share a machine: their share of its cores, or the cores that the launcher bound this one to. */
export function threadsPerProcess(
  localSize: number,
  { all, allowed }: Cores = { all: cpus().length, allowed: availableParallelism() },
): number {
  const share = Math.max(1, Math.floor(all / localSize));
  return Math.max(1, Math.min(share, allowed));
}
