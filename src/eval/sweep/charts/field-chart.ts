import type { TopLevelSpec } from "vega-lite";
import { percent } from "../../report/format-number.ts";
import { fit, frameOf, given, linear } from "../../report/charts/layout.ts";
import type { Chart } from "../../report/charts/render-chart.ts";
import { mean } from "../../bootstrap.ts";
import { zoomedDomain } from "./zoomed-domain.ts";

/** A cell as a chart of one field shows it. */
export interface FieldPoint {
  /** The field's value, as text. */
  readonly value: string;
  readonly score: number;
  /** The lowest and the highest of its seeds. */
  readonly low: number;
  readonly high: number;
}

const PLOT = 260;

/** Scores by the values of one field: a dot for each cell with the spread of its seeds, and a line through the means over all other fields. */
export function fieldChart(points: readonly FieldPoint[], { id, field }: { readonly id: string; readonly field: string }): Chart {
  const values = [...new Set(points.map(({ value }) => value))];
  const spread = (place: number, count: number): number => (count === 1 ? 0 : (place / (count - 1) - 0.5) * 0.36);
  const dots = values.flatMap((value, at) => {
    const own = points.filter((point) => point.value === value);
    return own.map((point, place) => ({ ...point, at: at + spread(place, own.length) }));
  });
  const means = values.map((value, at) => ({ at, score: mean(points.flatMap((point) => (point.value === value ? point.score : []))) }));
  const x = {
    field: "at",
    type: "quantitative" as const,
    scale: { domain: [-0.5, values.length - 0.5], nice: false },
    axis: {
      title: field,
      values: values.map((_, at) => at),
      labelExpr: `${JSON.stringify(values.map((value) => fit(value, Math.floor(PLOT / values.length / 6))))}[datum.value]`,
      grid: false,
      ticks: true,
    },
  };
  const ends = zoomedDomain(points.flatMap(({ low, high }) => [low, high]));
  const y = linear(ends, { title: null, tickCount: 5, format: ".1%" });
  const spec: TopLevelSpec = {
    ...frameOf({ width: PLOT, height: 190, padding: { left: 48, right: 14, top: 10, bottom: 40 } }),
    layer: [
      { data: { values: means }, mark: { type: "line", stroke: "var(--accent)", strokeWidth: 1.75 }, encoding: { x, y: y("score") } },
      {
        data: { values: dots },
        mark: { type: "rule", stroke: "var(--interval)", strokeWidth: 1.5 },
        encoding: { x, y: y("low"), y2: { field: "high" } },
      },
      {
        data: { values: dots.map((dot) => ({ ...dot, colour: "var(--line-0)" })) },
        mark: { type: "point", filled: true, size: 44, opacity: 1 },
        encoding: { x, y: y("score"), fill: given("colour") },
      },
    ],
  };
  const told = means.map(({ at, score }) => `${values[at] ?? ""} ${percent(score)} %`).join(", ");
  return { id, description: `Validation precision at 1 by ${field}, means over the cells of each value: ${told}.`, spec };
}
