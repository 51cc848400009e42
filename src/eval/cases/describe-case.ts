import { present } from "../../errors/families.ts";
import { fit } from "../report/charts/layout.ts";
import type { RankingRow, RankingTask } from "../ranking-task.ts";
import { isRight, type RankedCandidate, type RowFacts } from "../row-facts.ts";
import { scoreRow, type TaskEmbeddings } from "../scoring.ts";
import { scoresOfView, type ScoredView } from "../views.ts";
import type { PickedRow } from "./pick-cases.ts";
import type { CaseCandidate, CaseItem, QueryCase } from "./query-case.ts";

/** Tells what a task's queries and candidates are, by their places in its lists. */
export interface ItemDescriber {
  query(place: number): CaseItem;
  candidate(place: number): CaseItem;
  /** The number of a row in the task's data; its place, if not given. */
  rowNumber?(row: number): number;
}

/** A scored task. */
export interface ScoredTask {
  readonly task: RankingTask;
  readonly embeddings: TaskEmbeddings;
  readonly views: readonly ScoredView[];
  readonly rows: readonly RowFacts[];
}

/** Candidates of a case at most, the right one among them. */
const MOST_CANDIDATES = 8;

/** A picked row with the right candidate, what each way of scoring puts first, and the scores of these in all views. */
export function describeCase({ why, row: index }: PickedRow, scored: ScoredTask, items: ItemDescriber): QueryCase {
  const { task, embeddings, views, rows } = scored;
  const row = present(task.rows[index], "a row");
  const facts = present(rows[index], "the facts of a row");
  const scores = scoreRow(row, embeddings);
  const lists = views.map((view) => scoresOfView(scores, view));
  const aggregate = present(lists[0], "the aggregate's scores");
  const [right, ...wrong] = shownPlaces(row, facts.tops);
  const ordered = [right as number, ...wrong.toSorted((left, other) => (aggregate[other] ?? 0) - (aggregate[left] ?? 0) || left - other)];
  return {
    why,
    row: items.rowNumber?.(index) ?? index,
    query: shortened(items.query(row.query)),
    margin: Number.isFinite(facts.margin) ? facts.margin : null,
    views,
    ranks: facts.ranks,
    choices: row.candidates.length,
    candidates: ordered.map((place): CaseCandidate => {
      const item = shortened(items.candidate(row.candidates[place] as number));
      const own = lists.map((list) => list[place] as number);
      return {
        item,
        right: isRight(row, place),
        scores: own.map((score) => (Number.isFinite(score) ? score : null)),
        ranks: lists.map((list, view) => placeAmong(list, own[view] as number)),
      };
    }),
  };
}

/** The right candidate, then what views put first, then what the first of them puts next, then what the others do. */
function shownPlaces(row: RankingRow, tops: readonly (readonly RankedCandidate[])[]): number[] {
  const [aggregate = [], ...others] = tops;
  const wanted = [...tops.map((top) => top.slice(0, 1)), aggregate.slice(0, 3), ...others.map((top) => top.slice(1, 2))].flat();
  return [...new Set([row.positive, ...wanted.map(({ place }) => place)])].slice(0, MOST_CANDIDATES);
}

function placeAmong(list: Float64Array, score: number): number {
  return 1 + list.filter((other) => other > score).length;
}

const MOST_LETTERS = 400;

function shortened({ name, text, instruction, image }: CaseItem): CaseItem {
  const cut = (words: string | null): string | null => (words === null ? null : fit(words, MOST_LETTERS));
  return { name: cut(name), text: cut(text), instruction: cut(instruction), image };
}
