import { Worker } from "node:worker_threads";

/** Starts the thread of a `WorkerSession`. Run from TypeScript sources, as tests do, the thread has to be taught to read them first. */
export function startWorker(): Worker {
  if (!import.meta.url.endsWith(".ts")) return new Worker(new URL("./session-worker.js", import.meta.url));
  const entry = JSON.stringify(new URL("./session-worker.ts", import.meta.url).href);
  return new Worker(`import("tsx/esm/api").then(({ register }) => { register(); return import(${entry}); })`, { eval: true });
}
