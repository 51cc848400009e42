import { canonicalJson } from "./json-value.ts";
import type { Sweep } from "./read-sweep.ts";

/** What a reader must know of how alike the cells were trained: the same data in the same order for the same number of steps, or in what they differ. */
export function sweepNotices({ cells, definition: { seeds } }: Pick<Sweep, "cells" | "definition">): string[] {
  const differing = (of: (cell: (typeof cells)[number]) => unknown): boolean =>
    new Set(cells.map((cell) => canonicalJson(of(cell)))).size > 1;
  const differences = [
    ...(differing(({ recipe }) => recipe.data) ? ["data"] : []),
    ...(differing(({ recipe }) => recipe.steps) ? ["number of steps"] : []),
    ...(differing(({ recipe }) => recipe.accumulation) ? ["batches of a step"] : []),
    ...(differing(({ recipe }) => recipe.model.base ?? null) ? ["model to start from"] : []),
  ];
  const alike =
    differences.length === 0
      ? `All cells were trained on the same data in the same order, for the same steps, with the same ${seeds.length === 1 ? "seed" : "seeds"}.`
      : `Cells differ in their ${differences.join(", ")}: they were not trained on the same, and differences may come from that alone.`;
  const uncalibrated = cells.some(({ recipe: { model } }) => model.paths.count === 1 && model.paths.prefixLength > 0 && model.paths.prefixScale === "calibrated"); // prettier-ignore
  return [
    alike,
    ...(uncalibrated
      ? ["One path has no other to be calibrated against: the prefixes of cells with one path start at standard deviation 1; set model.paths.prefixScale to choose it."] // prettier-ignore
      : []),
  ];
}
