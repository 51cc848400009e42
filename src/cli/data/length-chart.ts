import type { TopLevelSpec } from "vega-lite";
import type { LengthSummary } from "../../data/pairs/check/length-counter.ts";
import { frameOf } from "../../eval/report/charts/layout.ts";
import type { Chart } from "../../eval/report/charts/render-chart.ts";

/** Labels below the bars, at most; one more at their end. */
const LABELS = 6;

/** A histogram of the lengths of one side of a dataset. */
export function lengthChart(
  { histogram, median, longest }: LengthSummary,
  { id, unit }: { readonly id: string; readonly unit: string },
): Chart {
  const { step, counts } = histogram;
  const values = counts.map((count, bar) => ({ from: bar * step, to: (bar + 1) * step, count }));
  const every = Math.ceil(counts.length / LABELS) * step;
  const marks = Array.from({ length: Math.floor((counts.length * step) / every) + 1 }, (_, mark) => mark * every);
  const spec: TopLevelSpec = {
    ...frameOf({ width: 302, height: 130, padding: { left: 44, right: 12, top: 8, bottom: 40 } }),
    data: { values },
    mark: { type: "bar", binSpacing: 1, color: "var(--column-3)" },
    encoding: {
      x: {
        field: "from",
        type: "quantitative",
        bin: { binned: true, step },
        axis: { title: unit, grid: false, values: marks, format: "~s", ticks: true },
      },
      x2: { field: "to" },
      y: { field: "count", type: "quantitative", axis: { title: null, tickCount: 4, format: "~s" } },
    },
  };
  return { id, spec, description: `Histogram of lengths in ${unit}: the median is ${median}, the longest ${longest}.` };
}
