import type { TopLevelSpec } from "vega-lite";
import { escapeHtml, trustedHtml, type Html } from "../html.ts";

/** A chart to be drawn. */
export interface Chart {
  /** Unique in the page. */
  readonly id: string;
  /** What it shows, for people who do not see it. */
  readonly description: string;
  /** Colours may be CSS variables of the page's style sheet, e.g. `var(--series-1)`. */
  readonly spec: TopLevelSpec;
}

/**
 * Draws a chart as an SVG that scales with its column. It is drawn once, at a width that is readable on a phone; text and lines
 * follow the page's colours. Vega is loaded when it is first needed.
 */
export async function renderChart({ id, description, spec }: Chart): Promise<Html> {
  const [vega, { compile }] = await Promise.all([import("vega"), import("vega-lite")]);
  const view = new vega.View(vega.parse(compile({ ...spec, config: CHART_CONFIG }).spec), { renderer: "none" });
  try {
    return trustedHtml(adapt(await view.toSVG(), id, description));
  } finally {
    view.finalize();
  }
}

/** Makes the SVG scale, names it, and keeps its ids apart from those of the page's other charts. */
function adapt(svg: string, id: string, description: string): string {
  const width = /<svg[^>]* width="(\d+)/.exec(svg)?.[1] ?? "400";
  const label = escapeHtml(description);
  return svg
    .replace(/ id="(clip|gradient)/g, ` id="${id}-$1`)
    .replace(/url\(#(clip|gradient)/g, `url(#${id}-$1`)
    .replace(/ (?:role="graphics-[a-z]+"|aria-[a-z]+="[^"]*")/g, "")
    .replace(
      /^<svg([^>]*?) width="\d+" height="\d+"/,
      `<svg$1 role="img" aria-label="${label}" style="max-width:${Math.round(Number(width) * 1.25)}px"`,
    )
    .replace(/^(<svg[^>]*>)/, `$1<title>${label}</title>`);
}

/** Fonts and colours come from the page, so that one drawing serves light and dark. */
const CHART_CONFIG: NonNullable<TopLevelSpec["config"]> = {
  aria: false,
  font: "inherit",
  view: { stroke: null },
  axis: {
    domainColor: "var(--line)",
    gridColor: "var(--grid)",
    labelColor: "var(--muted)",
    labelFlush: false,
    labelFontSize: 11,
    labelOverlap: false,
    tickColor: "var(--line)",
    ticks: false,
    labelPadding: 5,
    titleColor: "var(--muted)",
    titleFontSize: 11,
    titleFontWeight: "normal",
  },
  text: { color: "var(--text)", fontSize: 11 },
};
