import { comparisonOf, findingOf, modelOf, resultColumns } from "../find-in-report.ts";
import { percent, percentInterval, points, pointsInterval } from "../format-number.ts";
import { html, type Html } from "../html.ts";
import type { Report } from "../report-types.ts";
import { headline, summarise } from "../summary.ts";
import type { Section } from "./parts.ts";

/** What was found, in a few numbers and in words. */
export function overview(report: Report): Section {
  const first = headline(report);
  const others = summarise(report).filter((sentence) => sentence !== first);
  const body = html`<p class="lead">${unbroken(first)}</p>
    <div class="cards">${cards(report)}</div>
    <ul class="findings">
      ${others.map((sentence) => html`<li>${unbroken(sentence)}</li>`)}
    </ul>`;
  return { id: "findings", title: "What was found", body };
}

/** Keeps a number and its percent sign on one line. */
function unbroken(text: string): string {
  return text.replace(/(\d) %/g, "$1\u00a0%");
}

function cards(report: Report): Html[] {
  const scores = resultColumns(report).map((column, index) => {
    const mean = modelOf(report, column.model).scores[column.view].means.all;
    return html`<div class="card" style="border-top-color:var(--column-${index})">
      <p class="card-label">${column.label}</p>
      <p class="card-value">${percent(mean.value)}<small> %</small></p>
      <p class="card-note">95 %: ${percentInterval(mean)}</p>
    </div>`;
  });
  const difference = comparisonOf(report, { model: report.main, view: "aggregate" })?.means.all;
  if (difference === undefined) return scores;
  const [main, reference] = [modelOf(report, report.main), modelOf(report, report.reference)];
  const what = main.pathCount === 1 ? main.name : `${main.name} aggregate`;
  const last = html`<div class="card plain">
    <p class="card-label">${what} − ${reference.name}</p>
    <p class="card-value">${points(difference.value)}<small> points</small></p>
    <p class="card-note">95 %: ${pointsInterval(difference)}<br />${findingOf(difference)}</p>
  </div>`;
  return [...scores, last];
}
