import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

/** A module that threads load, as it is built, and its source: it exports `work`, which does a task, and `close` if something is to be closed. */
export interface WorkerFile {
  readonly built: URL;
  readonly source: URL;
}

/** What threads load. From TypeScript sources, as tests run, they have to be taught to read them first. */
export function workerFile({ built, source }: WorkerFile): string {
  if (!import.meta.url.endsWith(".ts")) return built.href;
  const reader = createRequire(import.meta.url)
    .resolve("tsx/esm/api")
    .replace(/\.cjs$/, ".mjs"); // a module written in a URL finds no packages by name
  const [tsx, entry] = [pathToFileURL(reader).href, source.href].map((url) => JSON.stringify(url));
  const lines = `import { register } from ${tsx}; register(); const loaded = await import(${entry});`;
  const exported = "export const { work, close } = loaded;";
  return `data:text/javascript,${encodeURIComponent(`${lines} ${exported}`)}`;
}
