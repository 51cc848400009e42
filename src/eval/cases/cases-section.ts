import { decimal } from "../report/format-number.ts";
import { html, type Html } from "../report/html.ts";
import { folded, type Section } from "../report/sections/parts.ts";
import { viewTitle, type ScoredView } from "../views.ts";
import type { CaseCandidate, CaseGallery, CaseItem, QueryCase, TaskCases } from "./query-case.ts";

/** Tasks whose cases are open when the page is. */
const OPEN_TASKS = 1;

/** Where cases stand on a page that shows those of several models. */
export interface CasesHeading {
  readonly id: string;
  readonly title: string;
}

/** Cases with their pictures, task by task, the first open and the others folded away; undefined if there are none. */
export function casesSection(
  gallery: CaseGallery | null,
  pathCount: number,
  heading: CasesHeading = { id: "cases", title: "Failure cases" },
): Section | undefined {
  const tasks = gallery?.tasks.filter(({ cases }) => cases.length > 0) ?? [];
  if (gallery === null || tasks.length === 0) return undefined;
  const body = html`<p>
      Picked by rule, not by hand: of each task the misses in which the aggregate puts a wrong candidate furthest above the right
      one${pathCount > 1 && ", and the queries for which the paths put the most different candidates first"}. Each number is the cosine in
      that view (of all paths together their sum), and in brackets the candidate's place.
    </p>
    ${picturesNote(gallery)}
    ${tasks.map((task, place) => {
      const cases = html`${task.cases.map((each) => caseBlock(each, gallery, pathCount))}`;
      return place < OPEN_TASKS
        ? html`<h3>${task.task}</h3>
            ${cases}`
        : folded(`${task.task}: ${describeKinds(task)}`, cases);
    })}`;
  return { ...heading, body };
}

function picturesNote({ leftOut, unreadable }: CaseGallery): Html {
  return html`${leftOut > 0 && html`<p class="note">${leftOut} pictures are left out to keep this page small.</p>`}
  ${unreadable > 0 && html`<p class="note">${unreadable} pictures could not be read.</p>`}`;
}

function describeKinds({ cases }: TaskCases): string {
  const misses = cases.filter(({ why }) => why === "confident miss").length;
  const others = cases.length - misses;
  const parts = [
    misses > 0 && `${misses} confident ${misses === 1 ? "miss" : "misses"}`,
    others > 0 && `${others} on which paths disagree`,
  ];
  return parts.filter((part) => part !== false).join(", ");
}

function caseBlock(shown: QueryCase, gallery: CaseGallery, pathCount: number): Html {
  const { query, why, row, margin, choices, views, candidates } = shown;
  const reason = why === "paths disagree" ? "Paths disagree" : `Confident miss${margin === null ? "" : `, by ${decimal(margin, 3)}`}`;
  const heads = views.map((view) => html`<th scope="col">${shortTitle(view, pathCount)}</th>`);
  return html`<article class="search case">
    <header>
      ${picture(query, gallery)}
      <div>
        <p>${reason} · row ${row} · ${choices} candidates</p>
        ${words(query)}
      </div>
    </header>
    <div class="scroll" tabindex="0" role="region" aria-label="Candidates">
      <table>
        <thead>
          <tr>
            <th scope="col">Candidate</th>
            ${heads}
          </tr>
        </thead>
        <tbody>
          ${candidates.map((candidate) => candidateRow(candidate, gallery))}
        </tbody>
      </table>
    </div>
  </article>`;
}

function candidateRow({ item, right, scores, ranks }: CaseCandidate, gallery: CaseGallery): Html {
  const cells = scores.map((score, view) => {
    const text = html`${decimal(score, 3)} (${ranks[view]})`;
    return html`<td>${ranks[view] === 1 ? html`<b class="${right ? "up" : "down"}">${text}</b>` : text}</td>`;
  });
  return html`<tr class="${right ? "strong" : ""}">
    <th scope="row">
      <div class="candidate">
        ${picture(item, gallery)}
        <div>${words(item)}${right && html`<small><b class="up">✓ right</b></small>`}</div>
      </div>
    </th>
    ${cells}
  </tr>`;
}

/** What an item says, then what it is; instructions small. */
function words({ name, text, instruction }: CaseItem): Html {
  const first = text ?? name;
  return html`${first !== null && html`<span>${first}</span>`}
  ${text !== null && name !== null && name !== text && html`<small>${name}</small>`}
  ${instruction !== null && html`<small class="instruction">${instruction}</small>`}`;
}

function picture({ image, name }: CaseItem, { pictures }: CaseGallery): Html | undefined {
  if (image === null) return undefined;
  const uri = Object.hasOwn(pictures, image) ? pictures[image] : undefined;
  if (uri === undefined) return html`<div class="no-picture" title="${image}" aria-hidden="true"></div>`;
  return html`<img src="${uri}" alt="${name ?? image}" width="72" height="72" />`;
}

function shortTitle(view: ScoredView, pathCount: number): string {
  return view === "all" ? "sum" : view === "maxSim" ? "MaxSim" : viewTitle(view, pathCount);
}
