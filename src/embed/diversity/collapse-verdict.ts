import { pairMean, pairValues, type PathMatrix } from "./path-matrix.ts";

/**
 * `distinct`: the paths rank candidates differently; `partly-collapsed`: some pair ranks alike; `collapsed`: the pairs rank alike on
 * average; `single-path`: there is nothing to compare.
 */
export type CollapseVerdict = "distinct" | "partly-collapsed" | "collapsed" | "single-path";

/** Above this rank correlation two paths count as one. */
export const COLLAPSE_THRESHOLD = 0.98;

/** Whether the paths still do different work, by the rank correlation of their scores. */
export function collapseVerdict(rankCorrelation: PathMatrix, threshold: number = COLLAPSE_THRESHOLD): CollapseVerdict {
  if (rankCorrelation.length < 2) return "single-path";
  // A pair without a rank correlation has a path that scores all candidates alike: it does no work of its own.
  const pairs = (rankCorrelation.length * (rankCorrelation.length - 1)) / 2;
  const values = pairValues(rankCorrelation);
  const average = pairMean(rankCorrelation);
  if (average === null || average > threshold) return "collapsed";
  return values.length < pairs || values.some((value) => value > threshold) ? "partly-collapsed" : "distinct";
}
