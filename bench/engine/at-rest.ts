import { setTimeout } from "node:timers/promises";
import type { BenchCase } from "../harness.ts";

/** Longer than the threads of an OpenMP library wait for more work, spinning, when theirs is done. */
const REST_MS = 20;

/**
 * A case that begins after a short rest: the threads of the case before may still keep a core busy, which would count against this one.
 * @param run may return its own time in ms, for work that another process does.
 */
export function atRest(name: string, run: () => Promise<unknown>): BenchCase {
  const timed = async (): Promise<number> => {
    await setTimeout(REST_MS);
    const start = performance.now();
    const own = await run();
    return typeof own === "number" ? own : performance.now() - start;
  };
  return { name, run: timed };
}
