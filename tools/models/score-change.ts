import { invariant } from "../../src/errors/families.ts";
import type { SearchQuery, SearchView, VectorIndex } from "../../src/search/vector-index.ts";

/** How far the scores of two indexes of the same things lie apart. */
export interface ScoreChange {
  readonly view: SearchView;
  /** The largest difference of a score, over all queries and everything stored. */
  readonly largest: number;
  /** Share of the queries whose best hit stays the same. */
  readonly sameBest: number;
}

const VIEWS: readonly SearchView[] = ["aggregate", "single", "all", "maxSim"];

/** Compares what two indexes, of the same ids in the same order, answer to the same queries. */
export function scoreChanges(exact: VectorIndex, stored: VectorIndex, queries: readonly SearchQuery[]): ScoreChange[] {
  invariant(exact.ids.join("\n") === stored.ids.join("\n"), "the two indexes hold the same things in the same order");
  return VIEWS.map((view) => {
    const options = { k: 1, view };
    const largest = queries.map((query) => largestDifference(exact.score(query, options), stored.score(query, options)));
    const same = queries.filter((query) => exact.search(query, options)[0]?.id === stored.search(query, options)[0]?.id);
    return { view, largest: Math.max(0, ...largest), sameBest: same.length / queries.length };
  });
}

function largestDifference(left: Float64Array, right: Float64Array): number {
  return left.reduce((most, score, at) => Math.max(most, Math.abs(score - (right[at] as number))), 0);
}
