import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker, type WorkerOptions } from "node:worker_threads";
import { HttpError } from "../errors/families.ts";
import type { Dashboard, DashboardOptions } from "./serve-dashboard.ts";
import type { ThreadMessage } from "./thread-messages.ts";

/** How a page is opened beside other work. */
export interface BesideOptions extends DashboardOptions {
  /** MB that it may take, 512 if not given; should it need more, it ends, and not the process that it is a part of. */
  readonly mostMemory?: number | undefined;
  /** Is told, at most once, why the page has failed after it was opened. */
  readonly onFailure: (reason: string) => void;
}

/** A page that does not end in order is ended after so many milliseconds. */
const PATIENCE_MS = 4000;

/**
 * Opens the page in a thread of its own, beside work that leaves no time to answer requests. Should the page fail later, the work goes on without.
 * @throws {HttpError} if it cannot be opened.
 */
export async function startDashboard({ onFailure, mostMemory = 512, ...options }: BesideOptions): Promise<Dashboard> {
  const worker = startThread({
    workerData: options,
    resourceLimits: { maxOldGenerationSizeMb: mostMemory },
    stdout: true, // what a library prints there is not the command's output
    stderr: true,
  });
  const url = await opened(worker);
  let isOpen = true;
  worker.once("error", (error) => {
    if (isOpen) onFailure(error.message);
  });
  worker.unref();
  const dispose = async (): Promise<void> => {
    if (!isOpen) return;
    isOpen = false;
    worker.ref();
    const ended = once(worker, "exit").catch(() => undefined);
    worker.postMessage("end", []);
    await Promise.race([ended, sleep(PATIENCE_MS, undefined, { ref: false })]);
    await worker.terminate();
  };
  return { url, dispose, [Symbol.asyncDispose]: dispose };
}

/** Run from TypeScript sources, as tests do, the thread has to be taught to read them first. */
function startThread(options: WorkerOptions): Worker {
  if (!import.meta.url.endsWith(".ts")) return new Worker(new URL("./dashboard-thread.js", import.meta.url), options);
  const entry = JSON.stringify(new URL("./dashboard-thread.ts", import.meta.url).href);
  const code = `import("tsx/esm/api").then(({ register }) => { register(); return import(${entry}); })`;
  return new Worker(code, { ...options, eval: true });
}

/** @returns where the page is. */
async function opened(worker: Worker): Promise<string> {
  const [message] = (await once(worker, "message").catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new HttpError({
      message: `the page's thread cannot be started: ${reason}. Train without it, and open it with polyvec dashboard`,
      cause,
    });
  })) as [ThreadMessage];
  if (message.kind === "open") return message.url;
  await worker.terminate();
  throw new HttpError(message.error);
}
