import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { pathToFileURL } from "node:url";
import type Tinypool from "tinypool";
import { InvariantError } from "../../errors/families.ts";
import type { RawImage } from "../../inputs/embedding-input.ts";
import type { PictureTask } from "./picture-task.ts";

/** Threads, at most: each may hold a picture of 300 MB while it shrinks it. */
const MOST_THREADS = 8;
/** A thread that has nothing to do ends after so many ms. */
const IDLE_MS = 5000;
/** Pictures that wait in a thread, so that it goes on while this thread is busy with something else. */
export const TASKS_PER_THREAD = 16;

/** Threads that a machine's pictures are decoded in: half of its cores, as the model needs the others. */
export function pictureThreads(): number {
  return Math.min(MOST_THREADS, Math.max(1, Math.floor(availableParallelism() / 2)));
}

/** Threads that decode pictures and bring them to a model's size. They end when they are idle, and do not keep the process alive. */
export class PicturePool implements AsyncDisposable {
  readonly #pool: Tinypool;
  readonly #running = new Set<Promise<unknown>>();
  #failure: Error | undefined;

  private constructor(pool: Tinypool) {
    this.#pool = pool;
    pool.on("error", (error: Error) => this.#fail(error));
  }

  static async start(threads: number): Promise<PicturePool> {
    const [{ default: Pool }] = await Promise.all([import("tinypool"), import("sharp")]); // sharp's libraries must be loaded here before any thread loads them
    const options = { minThreads: 0, maxThreads: threads, concurrentTasksPerWorker: TASKS_PER_THREAD, idleTimeout: IDLE_MS };
    return new PicturePool(new Pool({ ...options, filename: workerFile() }));
  }

  /** Does a task in one of the threads. @throws what went wrong, as far as it gets through between threads; do the task here to have it whole. */
  async run(task: PictureTask): Promise<RawImage> {
    if (this.#failure !== undefined) throw this.#failure;
    const running = this.#pool.run(task) as Promise<RawImage>;
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  /** Waits for what is under way, and ends the threads; a second call does nothing. */
  async dispose(): Promise<void> {
    this.#failure ??= new InvariantError({ message: "the threads that decode pictures were ended" });
    await Promise.allSettled(this.#running);
    await this.#pool.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  /** A thread could not begin: what waits for one would wait for ever. */
  #fail(error: Error): void {
    this.#failure ??= error;
    this.#pool.cancelPendingTasks();
  }
}

/** What the threads load. From TypeScript sources, as tests run, they have to be taught to read them first. */
function workerFile(): string {
  if (!import.meta.url.endsWith(".ts")) return new URL("./picture-worker.js", import.meta.url).href;
  const reader = createRequire(import.meta.url)
    .resolve("tsx/esm/api")
    .replace(/\.cjs$/, ".mjs"); // a module written in a URL finds no packages by name
  const tsx = JSON.stringify(pathToFileURL(reader).href);
  const entry = JSON.stringify(new URL("./picture-worker.ts", import.meta.url).href);
  const source = `import { register } from ${tsx}; register(); const { default: prepare } = await import(${entry}); export default prepare;`;
  return `data:text/javascript,${encodeURIComponent(source)}`;
}
