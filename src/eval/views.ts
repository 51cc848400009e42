import { present } from "../errors/families.ts";
import type { RowScores } from "./scoring.ts";

/** A way of scoring with a model's vectors: `path 0` is the first path alone, `all` the path-aligned sum. */
export type ScoredView = "aggregate" | "all" | "maxSim" | `path ${number}`;

/** The ways of scoring that a model has: one vector per input needs only one. */
export function scoredViews(pathCount: number): ScoredView[] {
  return pathCount === 1 ? ["aggregate"] : ["aggregate", ...pathViews(pathCount), "all", "maxSim"];
}

/** Each path alone. */
function pathViews(pathCount: number): ScoredView[] {
  return Array.from({ length: pathCount }, (_, path): ScoredView => `path ${path}`);
}

/** A row's scores in one view. */
export function scoresOfView(scores: RowScores, view: ScoredView): Float64Array {
  if (view === "aggregate" || view === "all" || view === "maxSim") return scores[view];
  return present(scores.paths[Number(view.slice("path ".length))], view);
}

/** What a view is called in reports. */
export function viewTitle(view: ScoredView | "oracle", pathCount: number): string {
  if (pathCount === 1) return "one vector";
  const titles: Readonly<Record<string, string>> = { all: "all paths, aligned sum", maxSim: "all paths, MaxSim", oracle: "best path (oracle)" }; // prettier-ignore
  return titles[view] ?? view;
}
