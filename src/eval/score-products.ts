import { maxSimilarity } from "../embed/similarity.ts";
import { takeRows, type EmbeddingSet } from "../embed/embedding-set.ts";
import { symbol } from "../engine/graph/dimension.ts";
import { GraphBuilder, type Graph } from "../engine/graph/graph-builder.ts";
import { matmul } from "../engine/graph/operators.ts";
import { GraphSession } from "../engine/runtime/graph-session.ts";
import { expectFloat, floatTensor } from "../engine/tensor/tensor.ts";
import { present } from "../errors/families.ts";
import type { RankingRow, RankingTask } from "./ranking-task.ts";
import {
  anyHit,
  checkTaskEmbeddings,
  isHit,
  scoreRow,
  type RowObserver,
  type RowScores,
  type TaskEmbeddings,
  type ViewHits,
} from "./scoring.ts";

/** How {@link scoreTaskByProducts} runs. */
export interface ProductScoringOptions {
  readonly threads?: number | undefined;
  /** Is told scores in float32, but for candidates whose order beside the right one depends on more: these are exact, so that its rank is. */
  readonly onRow?: RowObserver | undefined;
}

/**
 * The same as `scoreTask` for large tasks, many times as fast: matrix products in float32 tell which candidates are surely below the right one; those
 * that the rounding could let tie or win are scored again in double precision. Hits are equal to `scoreTask`'s, ties included.
 * @throws {ShapeError} @throws {DataError} as `scoreTask`.
 */
export async function scoreTaskByProducts(
  task: RankingTask,
  embeddings: TaskEmbeddings,
  { threads, onRow }: ProductScoringOptions = {},
): Promise<ViewHits> {
  checkTaskEmbeddings(task, embeddings);
  const { pathCount, dimensions } = embeddings.queries;
  await using session = await GraphSession.create(productGraph(), threads === undefined ? {} : { threads });
  const margins = marginsOf(pathCount, dimensions);
  const empty = (): Uint8Array => new Uint8Array(task.rows.length);
  const hits = { aggregate: empty(), paths: Array.from({ length: pathCount }, empty), all: empty(), maxSim: empty(), oracle: empty() };
  for (const block of blocksOf(task.rows)) {
    const products = await multiply(session, block, task, embeddings);
    for (let at = block.from; at < block.to; at++) {
      const row = present(task.rows[at], "a row");
      const scores = approximate(row, at - block.from, products);
      const judged = judgeRow(row, scores, { embeddings, margins, corrects: onRow !== undefined });
      onRow?.(at, scores);
      hits.aggregate[at] = judged.aggregate;
      hits.all[at] = judged.all;
      hits.maxSim[at] = judged.maxSim;
      judged.paths.forEach((hit, path) => (present(hits.paths[path], "a path")[at] = hit));
    }
  }
  hits.oracle = anyHit(hits.paths, task.rows.length);
  return hits;
}

/** `queries · candidatesᵀ`. */
function productGraph(): Graph {
  const builder = new GraphBuilder();
  const queries = builder.input("queries", "float32", [symbol("queries"), symbol("dimensions")]);
  const candidates = builder.input("candidates", "float32", [symbol("candidates"), symbol("dimensions")]);
  return builder.finish({ products: matmul(queries, candidates, { transposeB: true }) });
}

/** Rows that are scored together, and the candidates that any of them has. */
interface RowBlock {
  readonly from: number;
  readonly to: number;
  readonly candidates: readonly number[];
  /** Where each candidate stands in the list. */
  readonly places: ReadonlyMap<number, number>;
}

/** The most rows of a block. */
const MOST_ROWS = 32;

/** Blocks of neighbouring rows, as long as they share most of their candidates. */
function* blocksOf(rows: readonly RankingRow[]): Generator<RowBlock> {
  for (let from = 0; from < rows.length;) {
    const first = present(rows[from], "a row");
    const union = new Set(Array.from(first.candidates));
    const limit = 1.5 * union.size;
    let to = from + 1;
    for (; to < rows.length && to - from < MOST_ROWS; to++) {
      const next = Array.from(present(rows[to], "a row").candidates).filter((candidate) => !union.has(candidate));
      if (union.size + next.length > limit) break;
      for (const candidate of next) union.add(candidate);
    }
    const candidates = [...union];
    yield { from, to, candidates, places: new Map(candidates.map((candidate, place) => [candidate, place])) };
    from = to;
  }
}

interface Products {
  readonly block: RowBlock;
  readonly pathCount: number;
  /** [rows, candidates] */
  readonly aggregate: Float32Array;
  /** [rows · N, candidates · N] */
  readonly paths: Float32Array;
}

async function multiply(session: GraphSession, block: RowBlock, { rows }: RankingTask, embeddings: TaskEmbeddings): Promise<Products> {
  const { pathCount, dimensions } = embeddings.queries;
  const own = rows.slice(block.from, block.to).map(({ query }) => query);
  const [queries, candidates] = [takeRows(embeddings.queries, own), takeRows(embeddings.candidates, block.candidates)];
  const product = async (left: Float32Array, right: Float32Array): Promise<Float32Array> => {
    const matrix = (data: Float32Array) => floatTensor([data.length / dimensions, dimensions], data); // prettier-ignore
    return expectFloat(present((await session.run({ queries: matrix(left), candidates: matrix(right) }))["products"], "products")).data;
  };
  const aggregate = await product(queries.aggregate, candidates.aggregate);
  const isSingle = pathCount === 1 && isSame(embeddings.queries) && isSame(embeddings.candidates);
  return { block, pathCount, aggregate, paths: isSingle ? aggregate : await product(queries.paths, candidates.paths) };
}

function isSame({ aggregate, paths }: EmbeddingSet): boolean {
  return aggregate === paths;
}

/** A row's scores in float32. */
function approximate({ candidates }: RankingRow, row: number, { block, pathCount, aggregate, paths }: Products): RowScores {
  const size = candidates.length;
  const width = block.candidates.length;
  const empty = (): Float64Array => new Float64Array(size);
  const scores = { aggregate: empty(), paths: Array.from({ length: pathCount }, empty), all: empty(), maxSim: empty() };
  const pairs = new Float64Array(pathCount * pathCount);
  for (let place = 0; place < size; place++) {
    const column = block.places.get(candidates[place] as number) as number;
    scores.aggregate[place] = aggregate[row * width + column] as number;
    for (let path = 0; path < pathCount; path++) {
      const from = ((row * pathCount + path) * width + column) * pathCount;
      for (let other = 0; other < pathCount; other++) pairs[path * pathCount + other] = paths[from + other] as number;
      const own = pairs[path * pathCount + path] as number;
      (scores.paths[path] as Float64Array)[place] = own;
      scores.all[place] = (scores.all[place] as number) + own;
    }
    scores.maxSim[place] = maxSimilarity(pairs, pathCount);
  }
  return scores;
}

/** By how much a score in float32 may differ from the exact one. */
interface Margins {
  readonly single: number;
  readonly summed: number;
}

/**
 * The rounding of a dot product of D numbers is at most about D · 2⁻²⁴ times the product of the lengths, in whatever order it is summed; sums over N
 * paths have N times that. Taken four times, for vectors that are not quite of unit length and differences of two scores.
 */
function marginsOf(pathCount: number, dimensions: number): Margins {
  const single = 4 * (dimensions + 8) * 2 ** -24;
  return { single, summed: pathCount * single };
}

interface JudgeContext {
  readonly embeddings: TaskEmbeddings;
  readonly margins: Margins;
  /** Whether all doubtful scores are replaced by exact ones, and not only as many as tell hit from miss. */
  readonly corrects: boolean;
}

interface RowVerdict {
  readonly aggregate: number;
  readonly paths: readonly number[];
  readonly all: number;
  readonly maxSim: number;
}

function judgeRow(row: RankingRow, scores: RowScores, { embeddings, margins, corrects }: JudgeContext): RowVerdict {
  const right = [row.positive, ...(row.duplicates ?? [])];
  const doubtful = new Set<number>();
  const note = (list: Float64Array, margin: number): void => {
    for (const place of contenders(list, right, { margin, all: corrects })) doubtful.add(place);
  };
  note(scores.aggregate, margins.single);
  for (const path of scores.paths) note(path, margins.single);
  note(scores.all, margins.summed);
  note(scores.maxSim, margins.summed);
  const places = [...right, ...doubtful];
  const part = { query: row.query, candidates: places.map((place) => row.candidates[place] as number), positive: 0 };
  const exact = scoreRow(part, embeddings);
  if (corrects) {
    correct(scores, places, exact);
    return verdictOf(scores, row);
  }
  return verdictOf(exact, { positive: 0, duplicates: right.slice(1).map((_, place) => place + 1) });
}

function verdictOf(scores: RowScores, row: Pick<RankingRow, "positive" | "duplicates">): RowVerdict {
  const verdict = (list: Float64Array): number => Number(isHit(list, row));
  return {
    aggregate: verdict(scores.aggregate),
    paths: scores.paths.map(verdict),
    all: verdict(scores.all),
    maxSim: verdict(scores.maxSim),
  };
}

/** Puts exact scores in the places of others. */
function correct(scores: RowScores, places: readonly number[], exact: RowScores): void {
  const replace = (list: Float64Array, by: Float64Array): void => places.forEach((place, at) => (list[place] = by[at] as number));
  replace(scores.aggregate, exact.aggregate);
  replace(scores.all, exact.all);
  replace(scores.maxSim, exact.maxSim);
  scores.paths.forEach((list, path) => replace(list, present(exact.paths[path], "a path")));
}

interface ContenderOptions {
  readonly margin: number;
  /** Whether those that may tie are wanted, though others surely win. */
  readonly all: boolean;
}

/**
 * Candidates that could tie with the right ones or win: the best of those that surely win, which alone makes the row a miss; else all that are within
 * the margin. NaN, on either side, leaves everything in doubt.
 */
function contenders(scores: Float64Array, right: readonly number[], { margin, all }: ContenderOptions): number[] {
  const best = Math.max(...right.map((place) => scores[place] as number));
  const within: number[] = [];
  let winner: number | undefined;
  for (let place = 0; place < scores.length; place++) {
    const score = scores[place] as number;
    if (score < best - margin || right.includes(place)) continue;
    const surelyWins = score > best + margin;
    if (all && surelyWins) continue;
    within.push(place);
    if (surelyWins && (winner === undefined || score > (scores[winner] as number))) winner = place;
  }
  return winner === undefined || within.some((place) => Number.isNaN(scores[place])) ? within : [winner];
}
