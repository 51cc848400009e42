import { DataError } from "../errors/families.ts";

/** One question of a task: which of its candidates belongs to the query? Numbers are places in the task's lists. */
export interface RankingRow {
  /** Which query. */
  readonly query: number;
  /** Which candidates of the pool stand to choice, in the order they are scored. */
  readonly candidates: ArrayLike<number>;
  /** The right one, as an index into `candidates`. */
  readonly positive: number;
  /** Other indices into `candidates` whose content equals the positive's: they count as the positive. */
  readonly duplicates?: readonly number[];
}

/** What scoring needs of a task. */
export interface RankingTask {
  readonly name: string;
  readonly rows: readonly RankingRow[];
}

/** Whether the task's concepts occurred in training. */
export type ConceptGroup = "seen" | "unseen";

/** What a report needs of a task. `queries` and `candidates` hold whatever the model embeds. */
export interface EvaluableTask<Input> extends RankingTask {
  /** The task family, e.g. `image-to-text`. */
  readonly family: string;
  readonly concepts: ConceptGroup;
  /** Who drew the queries' pictures. */
  readonly vendor: string;
  /** What each row is about, for reports: rows of one label can be told together. */
  readonly labels?: readonly string[] | undefined;
  readonly queries: readonly Input[];
  /** The pool that the rows' candidates are taken from. */
  readonly candidates: readonly Input[];
}

/**
 * Checks every row against the sizes of the two lists.
 * @throws {DataError} that names the task and the row, if an index points outside its list or a row has no candidates.
 */
export function checkRankingTask(task: RankingTask, queryCount: number, candidateCount: number): void {
  task.rows.forEach((row, index) => {
    const problem = rowProblem(row, queryCount, candidateCount);
    if (problem === undefined) return;
    throw new DataError({ message: `task ${task.name}, row ${index}: ${problem}`, details: { task: task.name, row: index } });
  });
}

/** The P@1 a random choice is expected to reach: the mean over rows of right candidates by all candidates. */
export function chancePrecision(task: RankingTask): number {
  if (task.rows.length === 0) return Number.NaN;
  const sum = task.rows.reduce((total, row) => total + (1 + (row.duplicates?.length ?? 0)) / row.candidates.length, 0);
  return sum / task.rows.length;
}

function rowProblem(row: RankingRow, queryCount: number, candidateCount: number): string | undefined {
  const { candidates } = row;
  if (!isIndex(row.query, queryCount)) return `query ${row.query} is not one of the ${queryCount} queries`;
  for (const place of [row.positive, ...(row.duplicates ?? [])]) {
    if (!isIndex(place, candidates.length)) return `positive ${place} is not one of the row's ${candidates.length} candidates`;
  }
  for (let place = 0; place < candidates.length; place++) {
    const candidate = candidates[place] as number;
    if (!isIndex(candidate, candidateCount)) return `candidate ${candidate} is not one of the pool's ${candidateCount}`;
  }
  return undefined;
}

function isIndex(value: number, length: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < length;
}
