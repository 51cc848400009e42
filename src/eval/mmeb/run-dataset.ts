import type { MmebDataset } from "../../data/mmeb/datasets.ts";
import type { EvalRow } from "../../data/mmeb/eval-row.ts";
import { RankCorrelation } from "../../embed/diversity/rank-correlation.ts";
import type { EmbeddingSet } from "../../embed/embedding-set.ts";
import { casesOf } from "../cases/case-collector.ts";
import type { TaskWatcher, WatchTask } from "../evaluate.ts";
import { evenlySpaced } from "../evenly-spaced.ts";
import { writeHits } from "../evaluation-record.ts";
import { chancePrecision } from "../ranking-task.ts";
import { FactsCollector } from "../row-facts.ts";
import { scoreTaskByProducts } from "../score-products.ts";
import { scoreTask, type RowObserver, type RowScores, type TaskEmbeddings, type ViewHits } from "../scoring.ts";
import type { DatasetResult, ResultConditions } from "./dataset-result.ts";
import { embedItems, readEmbeddings, type EmbedCounts, type EmbedItemsContext } from "./embed-items.ts";
import { mmebItems } from "./mmeb-items.ts";
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
  source: DatasetSource,
  context: DatasetRunContext,
): Promise<{ readonly result: DatasetResult; readonly counts: EmbedCounts }> {
  const { task, embeddings, counts } = await embedDataset(source, context);
  return { result: await scoreDataset(task, embeddings, source.conditions), counts };
}

/** Embeds what a dataset asks for and shows its scores to a watcher. @throws as {@link runDataset}. */
export async function watchDataset(source: DatasetSource, context: DatasetRunContext, watch: WatchTask<MmebTask>): Promise<EmbedCounts> {
  const { task, embeddings, counts } = await embedDataset(source, context);
  const watcher: TaskWatcher = watch(task, embeddings);
  await scoreRows(task, embeddings, (row, scores) => watcher.onRow(row, scores));
  watcher.finish?.();
  return counts;
}

async function embedDataset(
  { dataset, rows, conditions: { seed, missingImages } }: DatasetSource,
  context: DatasetRunContext,
): Promise<{ readonly task: MmebTask; readonly embeddings: TaskEmbeddings; readonly counts: EmbedCounts }> {
  const task = await makeMmebTask(dataset, rows, { hasImage: context.hasImage, missingImages, seed });
  const items = [...task.queries, ...task.candidates];
  const counts = await embedItems(items, { dataset: dataset.name }, context);
  const set = await readEmbeddings(items, dataset.name, context);
  return { task, embeddings: splitSet(set, task.queries.length), counts };
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
  const { pathCount } = embeddings.queries;
  const correlation = new RankCorrelation(pathCount);
  const correlated = new Set(evenlySpaced(task.rows.length, CORRELATED_ROWS));
  const facts = new FactsCollector(task, pathCount);
  const hits = await scoreRows(task, embeddings, (row: number, scores: RowScores): void => {
    if (correlated.has(row)) correlation.add(scores.paths);
    facts.onRow(row, scores);
  });
  return {
    format: "polyvec-mmeb-result",
    version: 1,
    dataset: task.name,
    conditions,
    rows: task.rowNumbers,
    candidates: choicesOf(task) / task.rows.length,
    chance: chancePrecision(task),
    omitted: task.omitted,
    pathCount,
    hits: writeHits(hits),
    rankCorrelation: correlation.mean(),
    inputs: { queries: task.queries.length, candidates: task.candidates.length },
    cases: casesOf({ task, embeddings, views: facts.views, rows: facts.rows }, mmebItems(task)).cases,
  };
}

/** Scores a task in the way that is fastest for its size. */
async function scoreRows(task: MmebTask, embeddings: TaskEmbeddings, onRow: RowObserver): Promise<ViewHits> {
  const { pathCount, dimensions } = embeddings.queries;
  const isLarge = choicesOf(task) * (1 + pathCount * pathCount) * dimensions > LARGE;
  return isLarge ? scoreTaskByProducts(task, embeddings, { onRow }) : scoreTask(task, embeddings, { onRow });
}

/** Candidates of all rows. */
function choicesOf({ rows }: MmebTask): number {
  return rows.reduce((sum, row) => sum + row.candidates.length, 0);
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
