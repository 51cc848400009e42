import type { PathMatrix } from "../../../embed/diversity/path-matrix.ts";
import { decimal } from "../format-number.ts";
import { heatCell, heatMapChart } from "./heat-map.ts";
import type { Chart } from "./render-chart.ts";

/** A measure between paths. */
export interface PairMeasure {
  readonly id: string;
  readonly what: string;
  readonly matrix: PathMatrix;
  /** What rows and columns are; paths, from 0, if not given. */
  readonly names?: readonly string[];
}

/** A measure between paths as a table of cells, coloured from 0 to 1. */
export function pairChart({ id, what, matrix, names = matrix.map((_, path) => `path ${path}`) }: PairMeasure): Chart {
  const side = Math.max(34, Math.min(56, Math.floor(240 / matrix.length)));
  const text = matrix.flatMap((row, left) =>
    row.flatMap((value, right) => (left < right ? [`${names[left]} and ${names[right]} ${decimal(value)}`] : [])),
  );
  return heatMapChart({
    id,
    description: `Heat map of the ${what} between paths: ${text.join(", ")}.`,
    rows: names,
    columns: names.map((name) => name.replace(/^path /, "")),
    labelWidth: Math.ceil(Math.max(52, ...names.map((name) => 7.2 * name.length))),
    cell: { width: side, height: Math.min(40, side) },
    cells: matrix.map((row) => row.map((value) => heatCell(value, decimal(value), [0, 1]))),
  });
}
