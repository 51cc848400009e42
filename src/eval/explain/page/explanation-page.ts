import { casesSection } from "../../cases/cases-section.ts";
import { percent, percentInterval } from "../../report/format-number.ts";
import { html, type Html } from "../../report/html.ts";
import { renderPage } from "../../report/page.ts";
import type { Section } from "../../report/sections/parts.ts";
import type { CountedShare, Explanation } from "../explanation.ts";
import { agreementSection } from "./agreement-section.ts";
import { aggregationSection } from "./aggregation-section.ts";
import { classesSection } from "./classes-section.ts";
import { methodSection } from "./method-section.ts";
import { preferencesSection } from "./preferences-section.ts";

/** An explanation as one page that holds everything it shows and loads nothing; whatever a user wrote is escaped. */
export async function renderExplanation(explanation: Explanation): Promise<string> {
  const { title, createdAt, notices, cases, model } = explanation;
  const sections = [
    overview(explanation),
    await classesSection(explanation),
    await preferencesSection(explanation),
    await agreementSection(explanation),
    await aggregationSection(explanation),
    casesSection(cases, model.pathCount),
    methodSection(explanation),
  ];
  const notice = notices.length === 0 ? null : notices.join(" ");
  return renderPage({ title, createdAt, notice }, sections.filter((section) => section !== undefined)); // prettier-ignore
}

function overview({ findings, means, model }: Explanation): Section {
  const [first, ...others] = findings;
  const share = (name: string): CountedShare | undefined => means.classes.find((each) => each.class === name);
  const shown: readonly (readonly [string, CountedShare | undefined])[] =
    model.pathCount === 1
      ? [["answered", share("all paths")], ["not answered", share("no path")]] // prettier-ignore
      : [
          ["all paths right", share("all paths")],
          ["no path right", share("no path")],
          ["aggregate right, no path", means.rescued],
          ["aggregate wrong, a path right", means.lost],
        ];
  const body = html`<p class="lead">${first}</p>
    <div class="cards">${shown.map(([label, value]) => card(label, value))}</div>
    <ul class="findings">
      ${others.map((sentence) => html`<li>${sentence}</li>`)}
    </ul>`;
  return { id: "findings", title: "What was found", body };
}

function card(label: string, value: CountedShare | undefined): Html | undefined {
  if (value === undefined) return undefined;
  return html`<div class="card">
    <p class="card-label">${label}</p>
    <p class="card-value">${percent(value.value)}<small> %</small></p>
    <p class="card-note">95 %: ${percentInterval(value)}<br />${value.queries} queries</p>
  </div>`;
}
