import { join } from "node:path";
import { z } from "zod";
import { mmebDataset, type MmebDataset } from "../../data/mmeb/datasets.ts";
import type { PathMatrix } from "../../embed/diversity/path-matrix.ts";
import { DataError } from "../../errors/families.ts";
import { writeJsonAtomic } from "../../files/atomic-write.ts";
import { readJsonFile } from "../../files/json-file.ts";
import { queryCaseSchema, type QueryCase } from "../cases/query-case.ts";
import { viewHitsSchema, type ViewHitsRecord } from "../evaluation-record.ts";
import type { OmittedParts } from "./mmeb-task.ts";

/** What a result depends on: a result with other conditions is not used again. */
export interface ResultConditions {
  /** What the embeddings were made by and how: model, device, prompts; null if that cannot be named, so that nothing is used again. */
  readonly embedder: string | null;
  /** A hash of the dataset's files. */
  readonly data: string;
  /** The first so many rows; null for all. */
  readonly subset: number | null;
  readonly seed: number;
  readonly missingImages: "error" | "omit";
}

/** How one model did on one dataset, query by query. */
export interface DatasetResult {
  readonly format: "polyvec-mmeb-result";
  readonly version: 1;
  readonly dataset: string;
  readonly conditions: ResultConditions;
  /** The scored rows, by their number in the dataset. */
  readonly rows: readonly number[];
  /** The mean number of candidates per query. */
  readonly candidates: number;
  /** The P@1 expected of a random choice. */
  readonly chance: number;
  readonly omitted: OmittedParts;
  readonly pathCount: number;
  readonly hits: ViewHitsRecord;
  /** Mean rank correlation between paths, over some of the rows. */
  readonly rankCorrelation: PathMatrix;
  /** Distinct queries and candidates. */
  readonly inputs: { readonly queries: number; readonly candidates: number };
  /** What is worth looking at, without its pictures; results of earlier versions have none. */
  readonly cases?: readonly QueryCase[] | undefined;
}

const count = z.int().nonnegative();

/** Conditions as files keep them. */
export const resultConditionsSchema: z.ZodType<ResultConditions> = z.strictObject({
  embedder: z.string().nullable(),
  data: z.string(),
  subset: count.nullable(),
  seed: z.int(),
  missingImages: z.enum(["error", "omit"]),
});

const schema: z.ZodType<DatasetResult> = z.strictObject({
  format: z.literal("polyvec-mmeb-result"),
  version: z.literal(1),
  dataset: z.string(),
  conditions: resultConditionsSchema,
  rows: z.array(count),
  candidates: z.number(),
  chance: z.number(),
  omitted: z.strictObject({ emptyRows: count, emptyCandidates: count, missingRows: count, missingCandidates: count }),
  pathCount: z.int().positive(),
  hits: viewHitsSchema,
  rankCorrelation: z.array(z.array(z.number().nullable())),
  inputs: z.strictObject({ queries: count, candidates: count }),
  cases: z.array(queryCaseSchema).optional(),
});

/** Where a run keeps a dataset's result. */
export function resultFile(out: string, dataset: string): string {
  return join(out, "datasets", `${dataset}.json`);
}

/** Writes a result, whole or not at all. @throws {FileError} */
export async function writeDatasetResult(out: string, result: DatasetResult): Promise<void> {
  await writeJsonAtomic(resultFile(out, result.dataset), result);
}

/** Reads a result. @throws {FileError} @throws {ConfigError} if it is no JSON. @throws {DataError} naming the field, if it is something else. */
export async function readDatasetResult(file: string): Promise<DatasetResult> {
  const parsed = schema.safeParse(await readJsonFile(file));
  if (parsed.success && mmebDataset(parsed.data.dataset) !== undefined) return parsed.data;
  const problem = parsed.success ? `there is no dataset ${parsed.data.dataset} in MMEB` : z.prettifyError(parsed.error);
  throw new DataError({ message: `${file} is not a result of this version: ${problem}; run the evaluation again`, details: { file } });
}

/** Whether a result was made under these conditions. */
export function isUnder({ conditions }: DatasetResult, wanted: ResultConditions): boolean {
  if (wanted.embedder === null) return false;
  return (Object.keys(wanted) as (keyof ResultConditions)[]).every((field) => conditions[field] === wanted[field]);
}

/** What MMEB says of a result's dataset. */
export function datasetOf({ dataset }: Pick<DatasetResult, "dataset">): MmebDataset {
  const found = mmebDataset(dataset);
  if (found !== undefined) return found;
  throw new DataError({ message: `there is no dataset ${dataset} in MMEB`, details: { dataset } });
}
