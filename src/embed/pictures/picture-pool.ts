import { availableParallelism } from "node:os";
import type { RawImage } from "../../inputs/embedding-input.ts";
import { WorkerPool } from "../threads/worker-pool.ts";
import type { PictureTask } from "./picture-task.ts";

/** Threads, at most: each may hold a picture of 300 MB while it shrinks it. */
const MOST_THREADS = 8;
/** Pictures that wait in a thread. */
export const TASKS_PER_THREAD = 16;

/** Threads that a machine's pictures are decoded in: half of its cores, as the model needs the others. */
export function pictureThreads(): number {
  return Math.min(MOST_THREADS, Math.max(1, Math.floor(availableParallelism() / 2)));
}

/** Threads that decode pictures and bring them to a model's size. */
export type PicturePool = WorkerPool<PictureTask, RawImage>;

/** Makes threads that decode pictures. */
export async function startPicturePool(threads: number): Promise<PicturePool> {
  await import("sharp"); // its libraries must be loaded here before any thread loads them
  const file = { built: new URL("./picture-worker.js", import.meta.url), source: new URL("./picture-worker.ts", import.meta.url) };
  return WorkerPool.start({ file, threads, tasksPerThread: TASKS_PER_THREAD });
}
