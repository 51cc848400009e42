import { curveChart, LINE_STYLES, lossLines, precisionLines } from "../charts/curve-chart.ts";
import { html, type Html } from "../html.ts";
import type { Report } from "../report-types.ts";
import { lineLegend } from "./line-legend.ts";
import { figure, folded, gallery, type Section } from "./parts.ts";

/** How training went: the loss and the validation P@1 of the two main models, and folded away those of the others. */
export async function learning(report: Report): Promise<Section | undefined> {
  const withCurves = new Set(report.curves.map(({ model }) => model));
  const first = [...new Set([report.reference, report.main])].filter((id) => withCurves.has(id));
  const others = report.models.map(({ id }) => id).filter((id) => withCurves.has(id) && !first.includes(id));
  const figures = await curves(report, first, "main");
  if (figures.length === 0) return undefined;
  const compared = [...first, ...others].slice(0, LINE_STYLES);
  const left = first.length + others.length - compared.length;
  const more = others.length > 0 && folded("The other models", gallery(await curves(report, compared, "others")));
  const body = html`<p>One line per training seed; the loss is averaged over neighbouring steps.</p>
    ${gallery(figures)} ${more} ${left > 0 && html`<p class="note">The curves of ${left} more models are in <code>report.json</code>.</p>`}`;
  return { id: "learning", title: "Learning", body };
}

async function curves(report: Report, models: readonly string[], name: string): Promise<Html[]> {
  const charts = [
    { lines: lossLines(report, models), kind: "loss", what: "training loss", caption: "Training loss, nats" },
    { lines: precisionLines(report, models), kind: "precision", what: "validation P@1", caption: "P@1 of the aggregate on validation" },
  ] as const;
  const drawn = charts.filter(({ lines }) => lines.length > 0);
  return Promise.all(
    drawn.map(({ lines, kind, what, caption }) =>
      figure(curveChart(lines, kind, { id: `${kind}-${name}`, what }), caption, lineLegend(lines)),
    ),
  );
}
