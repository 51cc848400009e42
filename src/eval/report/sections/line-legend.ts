import { styleOf, type Line } from "../charts/curve-chart.ts";
import type { Html } from "../html.ts";
import { legend, swatch } from "./parts.ts";

/** What the lines of a chart stand for. */
export function lineLegend(lines: readonly Line[]): Html {
  return legend(
    lines.map(({ label, style }) => {
      const { colour, dash } = styleOf(style);
      return { swatch: swatch(`<path d="M0 6h26" stroke="${colour}" stroke-width="2" stroke-dasharray="${dash.join(" ")}"/>`), label };
    }),
  );
}
