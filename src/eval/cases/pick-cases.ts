import type { RankingTask } from "../ranking-task.ts";
import { isRight, type RowFacts } from "../row-facts.ts";
import type { ScoredView } from "../views.ts";
import type { CaseReason } from "./query-case.ts";

/** A row that is shown. */
export interface PickedRow {
  readonly why: CaseReason;
  /** Its place among the task's rows. */
  readonly row: number;
}

/** How many cases of each kind a task has at most. */
export interface CaseLimits {
  readonly misses: number;
  readonly disagreements: number;
}

/** As many as a page can show of each task. */
export const CASE_LIMITS: CaseLimits = { misses: 3, disagreements: 2 };

/**
 * Picks what is worth looking at: the misses of the aggregate in which the best wrong candidate is furthest above the right one; then, of the other
 * rows, those whose paths put the most different candidates first, and of these where the right one's rank varies most. Equal ones come in the order of
 * the rows, so that the same scores give the same pick.
 */
export function pickCases(
  task: RankingTask,
  { views, rows }: { readonly views: readonly ScoredView[]; readonly rows: readonly RowFacts[] },
  limits: CaseLimits = CASE_LIMITS,
): PickedRow[] {
  const missed = [...rows.keys()].filter((row) => (rows[row]?.ranks[0] ?? 1) > 1);
  const misses = strongest(missed, (row) => [rows[row]?.margin ?? 0]).slice(0, limits.misses);
  const paths = [...views.keys()].filter((view) => views[view]?.startsWith("path ") === true);
  const others = [...rows.keys()].filter((row) => !misses.includes(row) && firstChoices(task, rows, { row, paths }) > 1);
  const disagreements = strongest(others, (row) => [firstChoices(task, rows, { row, paths }), rankSpread(rows[row], paths)]);
  return [
    ...misses.map((row): PickedRow => ({ why: "confident miss", row })),
    ...disagreements.slice(0, limits.disagreements).map((row): PickedRow => ({ why: "paths disagree", row })),
  ];
}

/** How many different candidates the views put first; all right ones are the same. */
function firstChoices(task: RankingTask, rows: readonly RowFacts[], { row, paths }: { row: number; paths: readonly number[] }): number {
  const of = task.rows[row];
  const first = paths.flatMap((view) => rows[row]?.tops[view]?.[0]?.place ?? []);
  return new Set(first.map((place) => (of !== undefined && isRight(of, place) ? "right" : place))).size;
}

/** How many times as far behind the right candidate is for the path that does worst as for the one that does best. */
function rankSpread(facts: RowFacts | undefined, paths: readonly number[]): number {
  const ranks = paths.map((view) => facts?.ranks[view] ?? 1);
  return Math.max(...ranks) / Math.min(...ranks);
}

/** The rows by the first of their numbers that differs, the greater one first. */
function strongest(rows: readonly number[], numbersOf: (row: number) => readonly number[]): number[] {
  const keyed = rows.map((row) => ({ row, keys: numbersOf(row).map((key) => (Number.isNaN(key) ? -Infinity : key)) }));
  keyed.sort((left, right) => {
    const at = left.keys.findIndex((key, place) => key !== right.keys[place]);
    return at === -1 ? left.row - right.row : (right.keys[at] as number) > (left.keys[at] as number) ? 1 : -1;
  });
  return keyed.map(({ row }) => row);
}
