import { readdir } from "node:fs/promises";
import { basename, join, relative, resolve } from "node:path";
import { RUN_FILES } from "../../train/run/run-files.ts";

/** A folder that a run is in, or will be. */
export interface FoundRun {
  readonly folder: string;
  /** Different for each. */
  readonly name: string;
}

/** Folders within folders that are looked into: `runs/reproduction/runs/pdf/seed-0` is found from `runs`. */
const DEPTH = 5;
/** Folders that are looked into, so that a wrong path does not walk a whole disk. */
const MOST_FOLDERS = 2000;

/** What only a run's folder holds, from its beginning on. A lock is none: a reproduction and a sweep hold the folder of all their runs. */
const SIGNS: ReadonlySet<string> = new Set([RUN_FILES.metrics, RUN_FILES.status]);

/**
 * The runs that folders stand for: a folder that holds one, or those within it in the order of their names. What is not there yet is none.
 * @param folders as they were named on the command line.
 */
export async function findRuns(folders: readonly string[]): Promise<FoundRun[]> {
  const found = new Map<string, string>();
  for (const folder of folders.map((path) => resolve(path))) {
    for (const run of await runsWithin(folder, DEPTH, { left: MOST_FOLDERS })) if (!found.has(run)) found.set(run, folder);
  }
  return named(found);
}

async function runsWithin(folder: string, depth: number, budget: { left: number }): Promise<string[]> {
  if (budget.left <= 0) return [];
  budget.left -= 1;
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  if (entries.some(({ name }) => SIGNS.has(name))) return [folder];
  if (depth === 0) return [];
  const folders = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith(".") && entry.name !== "node_modules");
  const runs: string[] = [];
  for (const { name } of folders.sort((a, b) => (a.name < b.name ? -1 : 1)))
    runs.push(...(await runsWithin(join(folder, name), depth - 1, budget)));
  return runs;
}

/** Runs by the part of their paths in which they differ; one alone by its path within the folder it was found from, as others may come. */
function named(found: ReadonlyMap<string, string>): FoundRun[] {
  const folders = [...found.keys()];
  const [first = "", ...others] = folders;
  if (others.length === 0) return [...found].map(([folder, from]) => ({ folder, name: nameWithin(from, folder) }));
  const parts = first.split(/[\\/]/);
  const shared = parts.findIndex((part, place) => others.some((other) => other.split(/[\\/]/)[place] !== part));
  const common = parts.slice(0, shared === -1 ? parts.length : shared).join("/") || "/";
  return folders.map((folder) => ({ folder, name: nameWithin(common, folder) }));
}

function nameWithin(from: string, folder: string): string {
  return relative(from, folder).replaceAll("\\", "/") || basename(folder);
}
