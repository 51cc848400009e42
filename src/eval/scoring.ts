import { checkEmbeddingSet, type EmbeddingSet } from "../embed/embedding-set.ts";
import { dotRow, maxSimilarity, pathSimilarities, weightPaths } from "../embed/similarity.ts";
import { ShapeError } from "../errors/families.ts";
import { checkRankingTask, type RankingRow, type RankingTask } from "./ranking-task.ts";

/** The embeddings of a task's queries and of its pool of candidates, by the same model. */
export interface TaskEmbeddings {
  readonly queries: EmbeddingSet;
  readonly candidates: EmbeddingSet;
}

/** Which queries of a task were answered right, by way of scoring: per row 1 for a hit, 0 for a miss. */
export interface ViewHits {
  /** By the one vector made of all paths. */
  readonly aggregate: Uint8Array;
  /** By each path alone. */
  readonly paths: readonly Uint8Array[];
  /** By the path-aligned sum `sum_i w_i <q_i, t_i>`. */
  readonly all: Uint8Array;
  /** By MaxSim, `sum_i max_j <q_i, t_j>`. */
  readonly maxSim: Uint8Array;
  /** By the best path of each query, chosen with the answer known: a bound, never a method. */
  readonly oracle: Uint8Array;
}

/** Is told of every row's scores as they are found, in the order of the rows: for whoever needs more than hits, so that nothing is scored twice. */
export type RowObserver = (row: number, scores: RowScores) => void;

/** How {@link scoreTask} goes on. */
export interface ScoringOptions {
  /** w_i of the path-aligned sum, one per path; 1 each by default. */
  readonly weights?: readonly number[];
  readonly onRow?: RowObserver | undefined;
}

/**
 * Scores every row of a task over its own candidates, in all views. A tie with the positive is a miss, NaN is a miss.
 * @throws {ShapeError} if the embeddings do not fit each other. @throws {DataError} if a row points outside its lists.
 */
export function scoreTask(task: RankingTask, embeddings: TaskEmbeddings, options: ScoringOptions = {}): ViewHits {
  checkTaskEmbeddings(task, embeddings, options);
  const pathCount = embeddings.queries.pathCount;
  const empty = (): Uint8Array => new Uint8Array(task.rows.length);
  const hits = { aggregate: empty(), paths: Array.from({ length: pathCount }, empty), all: empty(), maxSim: empty(), oracle: empty() };
  task.rows.forEach((row, index) => {
    const scores = scoreRow(row, embeddings, options.weights);
    options.onRow?.(index, scores);
    hits.aggregate[index] = Number(isHit(scores.aggregate, row));
    hits.all[index] = Number(isHit(scores.all, row));
    hits.maxSim[index] = Number(isHit(scores.maxSim, row));
    hits.paths.forEach((path, which) => (path[index] = Number(isHit(scores.paths[which] as Float64Array, row))));
  });
  hits.oracle = anyHit(hits.paths, task.rows.length);
  return hits;
}

/** A row's scores in every view; each list has one score per candidate of the row. */
export interface RowScores {
  readonly aggregate: Float64Array;
  readonly paths: readonly Float64Array[];
  readonly all: Float64Array;
  readonly maxSim: Float64Array;
}

/** Cosines of one row's query with each of its candidates, in every view. The inputs are not checked here. */
export function scoreRow(row: RankingRow, { queries, candidates }: TaskEmbeddings, weights?: readonly number[]): RowScores {
  const { pathCount, dimensions } = queries;
  const size = row.candidates.length;
  const aggregateQuery = Float64Array.from(rowsOf(queries.aggregate, row.query, dimensions));
  const query = weightPaths(rowsOf(queries.paths, row.query, pathCount * dimensions), pathCount);
  const pair = { query, matrix: candidates.paths, queryPaths: pathCount, matrixPaths: pathCount };
  const similarities = new Float64Array(pathCount * pathCount);
  const aggregate = new Float64Array(size);
  const paths = Array.from({ length: pathCount }, () => new Float64Array(size));
  const all = new Float64Array(size);
  const maxSim = new Float64Array(size);
  for (let place = 0; place < size; place++) {
    const candidate = row.candidates[place] as number;
    aggregate[place] = dotRow(aggregateQuery, candidates.aggregate, candidate * dimensions);
    pathSimilarities(pair, candidate, similarities);
    maxSim[place] = maxSimilarity(similarities, pathCount);
    for (let path = 0; path < pathCount; path++) {
      const similarity = similarities[path * pathCount + path] as number;
      (paths[path] as Float64Array)[place] = similarity;
      all[place] = (all[place] as number) + (weights?.[path] ?? 1) * similarity;
    }
  }
  return { aggregate, paths, all, maxSim };
}

/**
 * Whether the positive (or a duplicate of it) scores strictly above every other candidate. A tie is a miss: a model that
 * gives every candidate the same score knows nothing. So is NaN, on either side.
 */
export function isHit(scores: ArrayLike<number>, row: Pick<RankingRow, "positive" | "duplicates">): boolean {
  return rankOf(scores, row, 2) === 1;
}

/**
 * The rank of the positive, or of the best of its duplicates: 1 and how many other candidates do not score strictly below it. 1 is a hit; a tie counts
 * against it, and so does NaN: a positive without a number comes after everything.
 * @param atMost where counting may stop.
 */
export function rankOf(scores: ArrayLike<number>, row: Pick<RankingRow, "positive" | "duplicates">, atMost: number = Infinity): number {
  const duplicates = row.duplicates ?? [];
  const best = Math.max(scores[row.positive] as number, ...duplicates.map((place) => scores[place] as number));
  if (Number.isNaN(best)) return scores.length + 1;
  let rank = 1;
  for (let place = 0; place < scores.length && rank < atMost; place++) {
    if ((scores[place] as number) < best || place === row.positive || duplicates.includes(place)) continue;
    rank++;
  }
  return rank;
}

/**
 * Precision at 1: the share of hits; NaN if there are no rows.
 * @param hits per row 1 or 0.
 */
export function precisionAtOne(hits: ArrayLike<number>): number {
  let sum = 0;
  for (let row = 0; row < hits.length; row++) sum += hits[row] as number;
  return sum / hits.length;
}

/** Hits of rows scored by a function of the caller's, e.g. a baseline that embeds nothing: one score per candidate of the row. */
export function hitsOf(task: RankingTask, scoresOf: (row: RankingRow) => ArrayLike<number>): Uint8Array {
  return Uint8Array.from(task.rows, (row) => Number(isHit(scoresOf(row), row)));
}

/** Per row, whether any of the lists has a hit. */
export function anyHit(lists: readonly Uint8Array[], length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, row) => Number(lists.some((hits) => hits[row] === 1)));
}

function rowsOf(matrix: Float32Array, row: number, width: number): Float32Array {
  return matrix.subarray(row * width, (row + 1) * width);
}

/**
 * Checks that both sets are whole, that they fit each other and the weights, and that every row points into them.
 * @throws {ShapeError} @throws {DataError}
 */
export function checkTaskEmbeddings(task: RankingTask, { queries, candidates }: TaskEmbeddings, { weights }: ScoringOptions = {}): void {
  checkEmbeddingSet(queries, `${task.name}, queries`);
  checkEmbeddingSet(candidates, `${task.name}, candidates`);
  checkRankingTask(task, queries.count, candidates.count);
  const got = [candidates.pathCount, candidates.dimensions];
  const expected = [queries.pathCount, queries.dimensions];
  if (got[0] !== expected[0] || got[1] !== expected[1]) {
    const message = `${task.name}: candidates have [paths, dimensions] = [${got.join(", ")}], queries [${expected.join(", ")}]; embed both with the same model`;
    throw new ShapeError({ message, details: { got, expected } });
  }
  if (weights !== undefined && weights.length !== queries.pathCount) {
    const message = `${weights.length} weights for ${queries.pathCount} paths; give one weight per path`;
    throw new ShapeError({ message, details: { got: weights.length, expected: queries.pathCount } });
  }
}
