import type { Tinypool } from "tinypool";
import { InvariantError } from "../../errors/families.ts";
import { workerFile, type WorkerFile } from "./worker-file.ts";

/** What a pool is made of. */
export interface WorkerPoolOptions {
  readonly file: WorkerFile;
  /** Threads, at most: they begin when there is something to do. */
  readonly threads: number;
  /** Tasks that wait in a thread, so that it goes on while this thread is busy with something else. */
  readonly tasksPerThread: number;
  /** Whether threads begin at once and stay, whatever there is to do; they end when they are idle if not given. */
  readonly stay?: true;
  /** What each thread is told at its beginning. */
  readonly workerData?: unknown;
  /** The export of the module that is called before a thread ends. */
  readonly teardown?: "close";
}

/** A thread that has nothing to do ends after so many ms. */
const IDLE_MS = 5000;

/** Threads that do tasks with the export `work` of a module. They do not keep the process alive. */
export class WorkerPool<Task, Result> implements AsyncDisposable {
  readonly #pool: Tinypool;
  readonly #running = new Set<Promise<unknown>>();
  #failure: Error | undefined;
  #disposal: Promise<void> | undefined;

  private constructor(pool: Tinypool) {
    this.#pool = pool;
    pool.on("error", (error: Error) => this.#fail(error));
  }

  static async start<Task, Result>({ file, threads, tasksPerThread, stay, ...told }: WorkerPoolOptions): Promise<WorkerPool<Task, Result>> {
    const { Tinypool: Pool } = await import("tinypool");
    const sizes = {
      minThreads: stay === true ? threads : 0,
      maxThreads: threads,
      concurrentTasksPerWorker: tasksPerThread,
      idleTimeout: IDLE_MS,
    };
    return new WorkerPool<Task, Result>(new Pool({ ...sizes, ...told, name: "work", filename: workerFile(file) }));
  }

  /** Does a task in one of the threads. @throws what went wrong, as far as it gets through between threads: its class and its cause are lost. */
  async run(task: Task): Promise<Result> {
    if (this.#failure !== undefined) throw this.#failure;
    const running = this.#pool.run(task) as Promise<Result>;
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  /** Waits for what is under way, and ends the threads; a second call does nothing. */
  async dispose(): Promise<void> {
    this.#disposal ??= this.#end();
    await this.#disposal;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  async #end(): Promise<void> {
    this.#failure ??= new InvariantError({ message: "the threads were ended" });
    await Promise.allSettled(this.#running);
    await this.#pool.destroy();
  }

  /** A thread could not begin: what waits for one would wait for ever. */
  #fail(error: Error): void {
    this.#failure ??= error;
    this.#pool.cancelPendingTasks();
  }
}
