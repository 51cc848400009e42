import type { MmebDataset } from "../../data/mmeb/datasets.ts";
import type { EvalRow } from "../../data/mmeb/eval-row.ts";
import { RankCorrelation } from "../../embed/diversity/rank-correlation.ts";
import type { EmbeddingSet } from "../../embed/embedding-set.ts";
import { present } from "../../errors/families.ts";
import { evenlySpaced } from "../evenly-spaced.ts";
import { writeHits } from "../evaluation-record.ts";
import { chancePrecision } from "../ranking-task.ts";
import { scoreTaskByProducts } from "../score-products.ts";
import { scoreRow, scoreTask, type TaskEmbeddings } from "../scoring.ts";
import type { DatasetResult, ResultConditions } from "./dataset-result.ts";
import { embedItems, readEmbeddings, type EmbedCounts, type EmbedItemsContext } from "./embed-items.ts";
import { makeMmebTask, type MmebTask } from "./mmeb-task.ts";
import type { Shard } from "./shard.ts";

/** A dataset to be scored. */
export interface DatasetSource {
  readonly dataset: MmebDataset;
  readonly rows: AsyncIterable<EvalRow>;
  readonly conditions: ResultConditions;
}

/** What datasets are scored with. */
export interface DatasetRunContext extends EmbedItemsContext {
  readonly hasImage: (path: string) => boolean | Promise<boolean>;
}

/** Embeds what a dataset asks for, as far as it is not in the cache, and scores it in all views. @throws as `makeMmebTask`, `embedItems`. */
export async function runDataset(
  { dataset, rows, conditions }: DatasetSource,
  context: DatasetRunContext,
): Promise<{ readonly result: DatasetResult; readonly counts: EmbedCounts }> {
  const { seed, missingImages } = conditions;
  const task = await makeMmebTask(dataset, rows, { hasImage: context.hasImage, missingImages, seed });
  const items = [...task.queries, ...task.candidates];
  const counts = await embedItems(items, { dataset: dataset.name }, context);
  const set = await readEmbeddings(items, dataset.name, context);
  return { result: await scoreDataset(task, splitSet(set, task.queries.length), conditions), counts };
}

/** Embeds a shard's part of a dataset into the cache, without scoring it. */
export async function embedShard(
  { dataset, rows, conditions }: DatasetSource,
  shard: Shard,
  context: DatasetRunContext,
): Promise<EmbedCounts> {
  const { seed, missingImages } = conditions;
  const task = await makeMmebTask(dataset, rows, { hasImage: context.hasImage, missingImages, seed });
  return embedItems([...task.queries, ...task.candidates], { dataset: dataset.name, shard }, context);
}

/** Rows per dataset over which the rank correlation between paths is taken. */
const CORRELATED_ROWS = 32;

/** Products of numbers from which on matrix products are worth a session. */
const LARGE = 1e8;

async function scoreDataset(task: MmebTask, embeddings: TaskEmbeddings, conditions: ResultConditions): Promise<DatasetResult> {
  const { pathCount, dimensions } = embeddings.queries;
  const candidates = task.rows.reduce((sum, row) => sum + row.candidates.length, 0);
  const isLarge = candidates * (1 + pathCount * pathCount) * dimensions > LARGE;
  const hits = isLarge ? await scoreTaskByProducts(task, embeddings) : scoreTask(task, embeddings);
  const correlation = new RankCorrelation(pathCount);
  for (const row of evenlySpaced(task.rows.length, CORRELATED_ROWS))
    correlation.add(scoreRow(present(task.rows[row], "a row"), embeddings).paths);
  return {
    format: "polyvec-mmeb-result",
    version: 1,
    dataset: task.name,
    conditions,
    rows: task.rowNumbers,
    candidates: candidates / task.rows.length,
    chance: chancePrecision(task),
    omitted: task.omitted,
    pathCount,
    hits: writeHits(hits),
    rankCorrelation: correlation.mean(),
    inputs: { queries: task.queries.length, candidates: task.candidates.length },
  };
}

/** The first rows of a set, and the rest, without copying. */
function splitSet({ count, pathCount, dimensions, aggregate, paths }: EmbeddingSet, first: number): TaskEmbeddings {
  const part = (from: number, to: number): EmbeddingSet => ({
    count: to - from,
    pathCount,
    dimensions,
    aggregate: aggregate.subarray(from * dimensions, to * dimensions),
    paths: paths.subarray(from * pathCount * dimensions, to * pathCount * dimensions),
  });
  return { queries: part(0, first), candidates: part(first, count) };
}
