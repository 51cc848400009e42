import type { TopLevelSpec } from "vega-lite";
import { fit, frameOf, fromTop, given, linear } from "./layout.ts";
import type { Chart } from "./render-chart.ts";

/** One bar: who, how much, and how it is written. */
export interface CostBar {
  readonly label: string;
  readonly value: number;
  readonly text: string;
  /** Which column of the main table it belongs to: its colour. */
  readonly column: number;
}

const ROW = 24;

/** Characters of a label that are shown. */
export const LABEL_LENGTH = 18;

/** Bars from 0 with their amounts written beside them. */
export function costBars(bars: readonly CostBar[], { id, what }: { id: string; what: string }): Chart {
  const height = bars.length * ROW;
  const values = bars.map(({ label, value, text, column }, row) => {
    const middle = (row + 0.5) * ROW;
    return {
      label: fit(label, LABEL_LENGTH),
      value,
      text,
      zero: 0,
      middle,
      top: middle - 7,
      bottom: middle + 7,
      colour: `var(--column-${column})`,
    };
  });
  const x = linear([0, Math.max(1e-12, ...bars.map(({ value }) => value))]);
  const y = fromTop(height);
  const spec: TopLevelSpec = {
    ...frameOf({ width: 156, height, padding: { left: 112, right: 92, top: 2, bottom: 2 } }),
    data: { values },
    layer: [
      {
        mark: { type: "rect", cornerRadius: 2 },
        encoding: {
          x: x("zero"),
          x2: { field: "value" },
          y: y("top"),
          y2: { field: "bottom" },
          fill: given("colour"),
        },
      },
      {
        mark: { type: "text", align: "left", x: -108, color: "var(--muted)" },
        encoding: { y: y("middle"), text: { field: "label" } },
      },
      {
        mark: { type: "text", align: "left", dx: 6 },
        encoding: { x: x("value"), y: y("middle"), text: { field: "text" } },
      },
    ],
  };
  return { id, description: `Bar chart of ${what}: ${bars.map(({ label, text }) => `${label} ${text}`).join(", ")}.`, spec };
}
