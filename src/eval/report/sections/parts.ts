import { html, trustedHtml, type Html, type HtmlValue } from "../html.ts";
import { renderChart, type Chart } from "../charts/render-chart.ts";

/** One section of the page, with its place in the table of contents. */
export interface Section {
  readonly id: string;
  readonly title: string;
  readonly body: Html;
}

/** A chart with its caption above and its legend below. */
export async function figure(chart: Chart, caption: string, legend?: Html): Promise<Html> {
  return html`<figure>
    <figcaption>${caption}</figcaption>
    ${await renderChart(chart)} ${legend}
  </figure>`;
}

/** A table of data; the first cell of a row is its heading. */
export interface Table {
  readonly caption: string;
  readonly head: readonly HtmlValue[];
  readonly rows: readonly TableRow[];
}

/** A row of a table; `strong` rows are means and totals. */
export interface TableRow {
  readonly cells: readonly HtmlValue[];
  readonly strong?: boolean;
}

/** A table that scrolls sideways by itself where it does not fit. */
export function table({ caption, head, rows }: Table): Html {
  const [corner, ...columns] = head;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}">
    <table>
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr>
          <th scope="col">${corner}</th>
          ${columns.map((cell) => html`<th scope="col">${cell}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(({ cells: [heading, ...cells], strong }) => {
          const data = cells.map((cell) => html`<td>${cell}</td>`);
          return html`<tr class="${strong === true ? "strong" : ""}">
            <th scope="row">${heading}</th>
            ${data}
          </tr>`;
        })}
      </tbody>
    </table>
  </div>`;
}

/** Something folded away until it is asked for. */
export function folded(summary: string, body: Html): Html {
  return html`<details>
    <summary>${summary}</summary>
    ${body}
  </details>`;
}

/** Figures side by side where there is room, one below the other where there is none. */
export function gallery(figures: readonly Html[], width: "wide" | "narrow" = "wide"): Html {
  return html`<div class="gallery ${width}">${figures}</div>`;
}

/** A legend's entry: a small drawing and what it stands for. */
export interface LegendEntry {
  readonly swatch: Html;
  readonly label: string;
}

/** A list of what colours, dashes and symbols stand for. */
export function legend(entries: readonly LegendEntry[]): Html {
  return html`<ul class="legend">
    ${entries.map(({ swatch, label }) => html`<li>${swatch}<span>${label}</span></li>`)}
  </ul>`;
}

/** A small drawing of our own: never of anything a user wrote. @param drawing the inside of an SVG of 26 by 12 units. */
export function swatch(drawing: string): Html {
  return trustedHtml(`<svg class="swatch" viewBox="0 0 26 12" width="26" height="12" aria-hidden="true">${drawing}</svg>`);
}
