import type { TopLevelSpec } from "vega-lite";
import { percent } from "../../../report/format-number.ts";
import { frameOf, given, linear } from "../../../report/charts/layout.ts";
import { styleOf } from "../../../report/charts/curve-chart.ts";
import type { Chart } from "../../../report/charts/render-chart.ts";

/** One closed line of a radar: a value from 0 to 1 on each axis. */
export interface RadarLine {
  readonly label: string;
  /** Which colour and dash pattern, from 0 to 7. */
  readonly style: number;
  readonly values: readonly number[];
}

const RADIUS = 118;

/** Scores on several axes as closed lines around a centre; rings stand at quarters of the outermost value. */
export function radarChart(axes: readonly string[], lines: readonly RadarLine[], { id, what }: { id: string; what: string }): Chart {
  const highest = Math.max(0.05, ...lines.flatMap(({ values }) => values));
  const end = [0.2, 0.4, 0.6, 0.8].find((each) => each >= highest) ?? 1;
  const point = (axis: number, share: number): { x: number; y: number } => {
    const angle = Math.PI / 2 - (2 * Math.PI * axis) / axes.length;
    return { x: share * Math.cos(angle), y: share * Math.sin(angle) };
  };
  const closed = <Row>(rowOf: (axis: number) => Row): Row[] => Array.from({ length: axes.length + 1 }, (_, at) => rowOf(at % axes.length));
  const position = { x: linear([-1, 1])("x"), y: linear([-1, 1])("y") };
  const rings = [0.25, 0.5, 0.75, 1].flatMap((share) => closed((axis) => ({ ...point(axis, share), ring: share })).map((row, order) => Object.assign(row, { order }))); // prettier-ignore
  const spokes = axes.flatMap((_, axis) => [0, 1].map((share, order) => ({ ...point(axis, share), spoke: axis, order })));
  const paths = lines.flatMap(
    ({ style, values }, line) =>
    closed((axis) => point(axis, (values[axis] ?? 0) / end)).map((row, order) => ({ ...row, order, line, ...styleOf(style) })), // prettier-ignore
  );
  const labels = axes.map((axis, at) => ({ ...point(at, 1.14), axis }));
  const marks = [0.5, 1].map((share) => ({ x: 0.02, y: share - 0.045, text: `${Math.round(share * end * 100)}` }));
  const spec: TopLevelSpec = {
    ...frameOf({ width: 2 * RADIUS, height: 2 * RADIUS, padding: { left: 44, right: 44, top: 30, bottom: 30 } }),
    layer: [
      {
        data: { values: rings },
        mark: { type: "line", stroke: "var(--grid)", strokeWidth: 1 },
        encoding: { ...position, order: { field: "order", type: "quantitative" }, detail: { field: "ring", type: "nominal" } },
      },
      {
        data: { values: spokes },
        mark: { type: "line", stroke: "var(--grid)", strokeWidth: 1 },
        encoding: { ...position, order: { field: "order", type: "quantitative" }, detail: { field: "spoke", type: "nominal" } },
      },
      {
        data: { values: paths },
        mark: { type: "line", strokeWidth: 1.75 },
        encoding: {
          ...position,
          order: { field: "order", type: "quantitative" },
          detail: { field: "line", type: "nominal" },
          stroke: given("colour"),
          strokeDash: given("dash"),
        },
      },
      { data: { values: marks }, mark: { type: "text", align: "left", color: "var(--muted)", fontSize: 9 }, encoding: { ...position, text: { field: "text" } } }, // prettier-ignore
      { data: { values: labels }, mark: { type: "text", fontWeight: 600 }, encoding: { ...position, text: { field: "axis" } } },
    ],
  };
  const told = lines.map(({ label, values }) => `${label} ${axes.map((axis, at) => `${axis} ${percent(values[at] ?? 0)}`).join(", ")}`);
  return { id, description: `Radar of ${what}: ${told.join("; ")}.`, spec };
}
