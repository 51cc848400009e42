import { modelOf, VIEW_NAMES } from "../find-in-report.ts";
import { decimal } from "../format-number.ts";
import { html, type Html } from "../html.ts";
import type { Report, ReportSearch, ReportSearchHit } from "../report-types.ts";
import type { Section } from "./parts.ts";

/** Example searches with what they found. */
export function searches(report: Report): Section | undefined {
  if (report.searches.length === 0) return undefined;
  const body = html`<p>Examples, not evidence: a handful of queries and what came first.</p>
    ${report.searches.map((search) => searchBlock(report, search))}`;
  return { id: "searches", title: "Example searches", body };
}

function searchBlock(report: Report, search: ReportSearch): Html {
  const label = search.text ?? "picture";
  const picture =
    search.image !== null && html`<img src="${search.image}" alt="${`The query's picture: ${label}`}" width="56" height="56" />`;
  return html`<article class="search">
    <header>
      ${picture}
      <div>
        <h3>${search.text ?? "By picture"}</h3>
        <p>${search.instruction} <span>${modelOf(report, search.model).name}, ${VIEW_NAMES[search.view]}</span></p>
      </div>
    </header>
    <ol class="hits">
      ${search.hits.map(hitBlock)}
    </ol>
  </article>`;
}

function hitBlock({ label, detail, score, image, correct }: ReportSearchHit): Html {
  const picture =
    image === null ? html`<div class="no-picture" aria-hidden="true"></div>` : html`<img src="${image}" alt="" width="72" height="72" />`;
  const verdict = correct === null ? null : correct ? html`<b class="up">✓ right</b>` : html`<b class="down">✗ wrong</b>`;
  return html`<li>
    ${picture}
    <p>${label}</p>
    <small>${detail}</small>
    <small>${decimal(score, 3)} ${verdict}</small>
  </li>`;
}
