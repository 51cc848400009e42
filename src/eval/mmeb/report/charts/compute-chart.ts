import type { TopLevelSpec } from "vega-lite";
import { flops, percent } from "../../../report/format-number.ts";
import { axisEnd, frameOf, given } from "../../../report/charts/layout.ts";
import type { Chart } from "../../../report/charts/render-chart.ts";

/** A way of scoring: what it costs and what it reaches. */
export interface ComputePoint {
  readonly label: string;
  /** Floating point operations per input. */
  readonly flops: number;
  readonly score: number;
}

/** Scores against the computation of embedding one input. Points are numbered as in the legend; those at one place share a label. */
export function computeChart(points: readonly ComputePoint[], id: string): Chart {
  const labels = new Map<string, string>();
  const at = ({ flops: cost, score }: ComputePoint): string => `${cost.toPrecision(3)} ${score.toFixed(3)}`;
  for (const [place, point] of points.entries()) labels.set(at(point), [labels.get(at(point)) ?? [], place + 1].flat().join(", "));
  const values = points.map((point, place) => ({
    cost: point.flops,
    score: point.score,
    label: labels.get(at(point)) ?? "",
    colour: `var(--line-${place % 8})`,
  }));
  const most = Math.max(1, ...values.map(({ cost }) => cost));
  const spec: TopLevelSpec = {
    ...frameOf({ width: 250, height: 190, padding: { left: 44, right: 64, top: 10, bottom: 40 } }),
    data: { values },
    encoding: {
      x: {
        field: "cost",
        type: "quantitative",
        scale: { domain: [0, most * 1.1], nice: false },
        axis: { title: "floating point operations per input", tickCount: 4, format: "~s", grid: false, ticks: true },
      },
      y: {
        field: "score",
        type: "quantitative",
        scale: { domain: [0, axisEnd(values.map(({ score }) => score))], nice: false },
        axis: { title: null, tickCount: 5, format: ".0%" },
      },
    },
    layer: [
      { mark: { type: "point", filled: true, size: 60, opacity: 1 }, encoding: { fill: given("colour") } },
      { mark: { type: "text", align: "left", dx: 8, dy: -5, fontSize: 10 }, encoding: { text: { field: "label" } } },
    ],
  };
  const told = points.map(({ label, flops: cost, score }) => `${label} ${percent(score)} % at ${flops(cost)}`);
  return { id, description: `Scores against computation: ${told.join("; ")}.`, spec };
}
