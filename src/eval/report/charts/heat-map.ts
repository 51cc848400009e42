import type { TopLevelSpec } from "vega-lite";
import { fit, frameOf, fromTop, given, linear, stepOf } from "./layout.ts";
import type { Chart } from "./render-chart.ts";

/** A table of numbers to be drawn as cells, each with its number printed. */
export interface HeatMap {
  readonly id: string;
  readonly description: string;
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  /** Where the label of a row stands: whole pixels. */
  readonly labelWidth: number;
  readonly cell: { readonly width: number; readonly height: number };
  readonly cells: readonly (readonly HeatCell[])[];
}

/** One cell: what is printed, and how strong its colour is. */
export interface HeatCell {
  readonly text: string;
  /** A CSS variable of the style sheet: `--heat-0` to `--heat-6` (little to much), `--shift-0` to `--shift-6` (below to above). */
  readonly tone: string;
}

/** Colours in a scale. */
const HEAT_STEPS = 7;

/** A cell coloured by where a share lies between two ends; no colour without a number. */
export function heatCell(value: number | null, text: string, [low, high]: readonly [number, number]): HeatCell {
  return { text, tone: value === null ? "none" : `heat-${stepOf(value, low, high, HEAT_STEPS)}` };
}

/** A cell coloured by how far a value lies below or above 0, up to `reach`. */
export function shiftCell(value: number, text: string, reach: number): HeatCell {
  return { text, tone: `shift-${stepOf(value, -reach, reach, HEAT_STEPS)}` };
}

/** Cells with printed numbers; the colour only repeats what the number says. */
export function heatMapChart(map: HeatMap): Chart {
  const { width, height } = map.cell;
  const size = { width: map.columns.length * width, height: map.rows.length * height };
  const values = map.cells.flatMap((row, rowIndex) =>
    row.map(({ text, tone }, column) => {
      const [x, y] = [column * width, rowIndex * height];
      const edges = { left: x + 1, right: x + width - 1, top: y + 1, bottom: y + height - 1, x: x + width / 2, y: y + height / 2 };
      return { ...edges, text, fill: `var(--${tone})`, colour: `var(--${tone}-text)` };
    }),
  );
  const rows = map.rows.map((label, row) => ({ label: fit(label, Math.floor(map.labelWidth / 6)), y: (row + 0.5) * height }));
  const columns = map.columns.map((label, column) => ({ label, x: (column + 0.5) * width }));
  const x = linear([0, size.width]);
  const y = fromTop(size.height);
  const spec: TopLevelSpec = {
    ...frameOf({ ...size, padding: { left: map.labelWidth, right: 4, top: 22, bottom: 4 } }),
    layer: [
      {
        data: { values },
        mark: { type: "rect", cornerRadius: 3 },
        encoding: {
          x: x("left"),
          x2: { field: "right" },
          y: y("top"),
          y2: { field: "bottom" },
          fill: given("fill"),
        },
      },
      {
        data: { values },
        mark: { type: "text" },
        encoding: {
          x: x("x"),
          y: y("y"),
          text: { field: "text" },
          color: given("colour"),
        },
      },
      {
        data: { values: rows },
        mark: { type: "text", align: "left", x: 4 - map.labelWidth },
        encoding: { y: y("y"), text: { field: "label" } },
      },
      {
        data: { values: columns },
        mark: { type: "text", color: "var(--muted)", y: -10 },
        encoding: { x: x("x"), text: { field: "label" } },
      },
    ],
  };
  return { id: map.id, description: map.description, spec };
}
