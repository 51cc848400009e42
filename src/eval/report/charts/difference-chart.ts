import type { TopLevelSpec } from "vega-lite";
import { findingOf, modelOf } from "../find-in-report.ts";
import { points } from "../format-number.ts";
import type { Comparison, Report, ScoreView } from "../report-types.ts";
import { fit, frameOf, fromTop, given, linear } from "./layout.ts";
import type { Chart } from "./render-chart.ts";

const ROW = 24;

/** The shape of each view's point, so that colour is not needed to tell them apart. */
const SHAPES: Readonly<Record<ScoreView, string>> = {
  single: "triangle-up",
  aggregate: "circle",
  all: "square",
  maxSim: "diamond",
  oracle: "cross",
};

/** Differences of mean P@1 with their intervals, one row per comparison, named after its model or yardstick; filled where the interval leaves out 0. */
export function differenceChart(report: Report, comparisons: readonly Comparison[], id: string): Chart {
  const rows = comparisons.map((comparison, row) => rowOf(report, comparison, row));
  const height = rows.length * ROW;
  const reach = Math.max(0.01, ...rows.map(({ low, high }) => Math.max(-low, high)));
  const end = Math.ceil(reach * 108) / 100;
  const x = linear([-end, end], { title: null, tickCount: 5, labelExpr: POINTS });
  const y = fromTop(height);
  const spec: TopLevelSpec = {
    ...frameOf({ width: 172, height, padding: { left: 160, right: 46, top: 4, bottom: 26 } }),
    data: { values: rows },
    layer: [
      {
        data: { values: [{ zero: 0 }] },
        mark: { type: "rule", stroke: "var(--text)", strokeWidth: 1 },
        encoding: { x: x("zero") },
      },
      {
        mark: { type: "rule", strokeWidth: 2, stroke: "var(--interval)" },
        encoding: { x: x("low"), x2: { field: "high" }, y: y("middle") },
      },
      {
        mark: { type: "point", size: 62, strokeWidth: 2, opacity: 1, stroke: "var(--accent)" },
        encoding: {
          x: x("value"),
          y: y("middle"),
          shape: given("shape"),
          fill: given("fill"),
        },
      },
      { mark: { type: "text", align: "left", x: -156 }, encoding: { y: y("middle"), text: { field: "label" } } },
      { mark: { type: "text", align: "right", x: 172 + 42 }, encoding: { y: y("middle"), text: { field: "text" } } },
    ],
  };
  const description = `Differences of mean precision at 1 in points, with 95 % intervals. ${rows.map(({ label, text, finding }) => `${label}: ${text}, ${finding}`).join(". ")}.`;
  return { id, description, spec };
}

/** Tick labels in points, with a sign. */
const POINTS = "(datum.value > 0 ? '+' : datum.value < 0 ? '−' : '') + format(abs(datum.value) * 100, '~r')";

function rowOf(report: Report, { left, right, means }: Comparison, row: number): DifferenceRow {
  const model = modelOf(report, left.model);
  const finding = findingOf(means.all);
  const isYardstick = right.model !== report.reference;
  return {
    ...means.all,
    middle: (row + 0.5) * ROW,
    label: fit(isYardstick ? modelOf(report, right.model).name : model.name, 26),
    text: points(means.all.value),
    shape: SHAPES[left.view],
    fill: finding === "no difference found" ? "var(--surface)" : "var(--accent)",
    finding,
  };
}

interface DifferenceRow {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly middle: number;
  readonly label: string;
  readonly text: string;
  readonly shape: string;
  readonly fill: string;
  readonly finding: string;
}
