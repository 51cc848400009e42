import { readdir } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { MMEB_DATASETS } from "../../../data/mmeb/datasets.ts";
import { DataError } from "../../../errors/families.ts";
import { asFileError } from "../../../files/atomic-write.ts";
import { nearestName } from "../../../files/nearest-name.ts";
import { readDatasetResult, resultFile, type DatasetResult } from "../dataset-result.ts";
import { viewsOf, type MmebView } from "../summarise.ts";

/** A run of `polyvec eval --bench mmeb --out`, and the way of scoring that is looked at. */
export interface ScoredRun {
  readonly folder: string;
  readonly name: string;
  readonly view: MmebView;
  /** By dataset, in MMEB's order. */
  readonly results: ReadonlyMap<string, DatasetResult>;
}

/**
 * Reads a run named as `<folder>` or `<folder>@<view>`, e.g. `runs/pdf@all`; the aggregate if no view is named. A model of one vector has but one view.
 * @throws {FileError} if there is no such run. @throws {DataError} if it has no results, or no such view.
 */
export async function readScoredRun(text: string): Promise<ScoredRun> {
  const at = text.lastIndexOf("@");
  const [folder, asked] = at > 0 ? [text.slice(0, at), text.slice(at + 1)] : [text, "aggregate"];
  const results = await readResults(folder);
  const pathCount = [...results.values()][0]?.pathCount ?? 1;
  const view = pathCount === 1 ? "aggregate" : viewNamed(asked, pathCount, folder);
  const name = basename(resolve(folder));
  return { folder, name: pathCount === 1 ? name : `${name}, ${view}`, view, results };
}

async function readResults(folder: string): Promise<Map<string, DatasetResult>> {
  const names = await readdir(join(folder, "datasets")).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === "ENOENT") return [];
    throw asFileError(error, folder, "read");
  });
  const there = MMEB_DATASETS.filter(({ name }) => names.includes(`${name}.json`));
  if (there.length === 0) {
    const message = `${folder} holds no results of MMEB; name the folder that polyvec eval --bench mmeb was given with --out`;
    throw new DataError({ message, details: { file: folder } });
  }
  const results = await Promise.all(there.map(async ({ name }) => [name, await readDatasetResult(resultFile(folder, name))] as const));
  return new Map(results);
}

function viewNamed(text: string, pathCount: number, folder: string): MmebView {
  const known = viewsOf(pathCount);
  const plain = (name: string): string => name.replaceAll(/[\s-]/g, "").toLowerCase();
  const found = known.find((view) => plain(view) === plain(text));
  if (found !== undefined) return found;
  const near = nearestName(text, known);
  const hint = near === undefined ? `there are ${known.join(", ")}` : `did you mean ${near}?`;
  throw new DataError({
    message: `${folder}: there is no way of scoring ${JSON.stringify(text)}; ${hint}`,
    details: { got: text, expected: known },
  });
}
