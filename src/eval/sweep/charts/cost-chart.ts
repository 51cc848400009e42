import type { TopLevelSpec } from "vega-lite";
import { percent } from "../../report/format-number.ts";
import { frameOf, given } from "../../report/charts/layout.ts";
import type { Chart } from "../../report/charts/render-chart.ts";
import { zoomedDomain } from "./zoomed-domain.ts";

/** A cell as a chart of cost shows it. */
export interface CostPoint {
  /** Its number in the table. */
  readonly number: number;
  readonly cost: number;
  readonly score: number;
  readonly isBest: boolean;
}

/** Scores against a cost, from 0; dots have the cells' numbers. */
export function costChart(
  points: readonly CostPoint[],
  { id, what, format }: { readonly id: string; readonly what: string; readonly format: (cost: number) => string },
): Chart {
  const values = points.map((point) => ({ ...point, colour: point.isBest ? "var(--accent)" : "var(--line-0)" }));
  const spec: TopLevelSpec = {
    ...frameOf({ width: 260, height: 190, padding: { left: 48, right: 24, top: 10, bottom: 40 } }),
    data: { values },
    encoding: {
      x: {
        field: "cost",
        type: "quantitative",
        scale: { domain: [0, Math.max(1e-12, ...points.map(({ cost }) => cost)) * 1.1], nice: false },
        axis: { title: what, tickCount: 4, format: "~s", grid: false, ticks: true },
      },
      y: {
        field: "score",
        type: "quantitative",
        scale: { domain: zoomedDomain(points.map(({ score }) => score)), nice: false },
        axis: { title: null, tickCount: 5, format: ".1%" },
      },
    },
    layer: [
      { mark: { type: "point", filled: true, size: 60, opacity: 1 }, encoding: { fill: given("colour") } },
      { mark: { type: "text", align: "left", dx: 7, dy: -5, fontSize: 10 }, encoding: { text: { field: "number" } } },
    ],
  };
  const told = points.map(({ number, cost, score }) => `cell ${number} ${percent(score)} % at ${format(cost)}`);
  return { id, description: `Validation precision at 1 against ${what}: ${told.join("; ")}.`, spec };
}
