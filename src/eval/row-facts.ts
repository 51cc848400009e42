import type { TaskWatcher } from "./evaluate.ts";
import { present } from "../errors/families.ts";
import type { RankingRow, RankingTask } from "./ranking-task.ts";
import { rankOf, type RowScores } from "./scoring.ts";
import { scoredViews, scoresOfView, type ScoredView } from "./views.ts";

/** A candidate of a row. */
export interface RankedCandidate {
  /** Where it stands in the row's list. */
  readonly place: number;
  readonly score: number;
}

/** What is kept of a row's scores. Lists are in the order of the views. */
export interface RowFacts {
  /** The rank of the right candidate; 1 is a hit. */
  readonly ranks: readonly number[];
  /** The candidates that score highest, best first; of equal ones that which stands first. */
  readonly tops: readonly (readonly RankedCandidate[])[];
  /** By how much the best wrong candidate scores above the right one, by the aggregate: above 0 in a miss. NaN if there is no wrong one. */
  readonly margin: number;
}

/** Keeps the facts of a task's rows while it is scored. */
export class FactsCollector implements TaskWatcher {
  readonly views: readonly ScoredView[];
  readonly rows: RowFacts[] = [];
  readonly #task: RankingTask;
  readonly #top: number;

  /** @param top how many candidates are kept of each view. */
  constructor(task: RankingTask, pathCount: number, { top = 3 }: { readonly top?: number | undefined } = {}) {
    this.views = scoredViews(pathCount);
    this.#task = task;
    this.#top = top;
  }

  onRow(index: number, scores: RowScores): void {
    const row = present(this.#task.rows[index], "a row");
    const lists = this.views.map((view) => scoresOfView(scores, view));
    this.rows[index] = {
      ranks: lists.map((list) => rankOf(list, row)),
      tops: lists.map((list) => highest(list, this.#top)),
      margin: marginOf(scores.aggregate, row),
    };
  }
}

/** Whether a candidate of a row is right: the positive or a duplicate of it. */
export function isRight({ positive, duplicates }: RankingRow, place: number): boolean {
  return place === positive || duplicates?.includes(place) === true;
}

/** The highest of the scores, best first. NaN is never among them. */
function highest(scores: Float64Array, count: number): RankedCandidate[] {
  const found: RankedCandidate[] = [];
  for (let place = 0; place < scores.length; place++) {
    const score = scores[place] as number;
    const last = found.at(-1);
    if (Number.isNaN(score) || (found.length === count && last !== undefined && score <= last.score)) continue;
    const at = found.findIndex((other) => score > other.score);
    found.splice(at === -1 ? found.length : at, 0, { place, score });
    if (found.length > count) found.pop();
  }
  return found;
}

function marginOf(scores: Float64Array, row: RankingRow): number {
  let [right, wrong] = [-Infinity, -Infinity];
  for (let place = 0; place < scores.length; place++) {
    const score = scores[place] as number;
    if (isRight(row, place)) right = Math.max(right, score);
    else wrong = Math.max(wrong, score);
  }
  return wrong === -Infinity ? Number.NaN : wrong - right;
}
