import { COLLAPSE_THRESHOLD } from "../../embed/diversity/collapse-verdict.ts";
import type { BatchDiversity } from "./batch-diversity.ts";

/** What to say of paths that rank alike, with the way out; undefined where they do not. */
export function describeCollapse({ verdict, rankCorrelation, closest }: BatchDiversity): string | undefined {
  if (verdict === "distinct" || verdict === "single-path") return undefined;
  return `${describeFinding(verdict, { rankCorrelation, closest })}; ${WAY_OUT}`;
}

const WAY_OUT =
  'paths that are equal stay equal: begin anew with model.paths.prefixScale "calibrated" and a lower model.paths.targetCosine, ' +
  "or with more objective.regulariserWeight or fewer paths";

function describeFinding(
  verdict: "collapsed" | "partly-collapsed",
  { rankCorrelation, closest }: Pick<BatchDiversity, "rankCorrelation" | "closest">,
): string {
  if (rankCorrelation === null || closest === null) return "the paths have collapsed: each scores all targets alike";
  if (verdict === "collapsed") {
    return `the paths have collapsed: they rank the batch's targets alike (mean rank correlation ${rankCorrelation.toFixed(3)}, above ${COLLAPSE_THRESHOLD})`;
  }
  if (closest.rankCorrelation <= COLLAPSE_THRESHOLD) return "some paths have collapsed: one at least scores all targets alike";
  return `paths ${closest.first + 1} and ${closest.second + 1} have collapsed into one: they rank the batch's targets alike (rank correlation ${closest.rankCorrelation.toFixed(3)}, above ${COLLAPSE_THRESHOLD})`;
}
