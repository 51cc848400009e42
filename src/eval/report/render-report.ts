import { casesSection } from "../cases/cases-section.ts";
import { modelOf } from "./find-in-report.ts";
import { renderPage } from "./page.ts";
import type { Report } from "./report-types.ts";
import { costs } from "./sections/costs.ts";
import { learning } from "./sections/learning.ts";
import { method } from "./sections/method.ts";
import { models } from "./sections/models.ts";
import { overview } from "./sections/overview.ts";
import type { Section } from "./sections/parts.ts";
import { paths } from "./sections/paths.ts";
import { searches } from "./sections/searches.ts";
import { tasks } from "./sections/tasks.ts";

/**
 * The report as one HTML page that needs nothing beside itself: no script, no network, pictures and plots inside. Names and texts
 * are escaped, and the page's own policy forbids loading anything, so that a report can be opened from anyone's disk.
 */
export async function renderReport(report: Report): Promise<string> {
  const sections = [
    overview(report),
    await tasks(report),
    await models(report),
    await learning(report),
    await paths(report),
    await costs(report),
    searches(report),
    ...failures(report),
    method(report),
  ].filter((section) => section !== undefined);
  return renderPage(report, sections);
}

/** The cases of the main model, and of the reference where the report has them; each is named where there are two. */
function failures(report: Report): (Section | undefined)[] {
  const { cases, referenceCases } = report;
  const main = modelOf(report, report.main);
  if (referenceCases === null) return [casesSection(cases, main.pathCount)];
  const reference = modelOf(report, report.reference);
  return [
    casesSection(cases, main.pathCount, { id: "cases", title: `Failure cases: ${main.name}` }),
    casesSection(referenceCases, reference.pathCount, { id: "reference-cases", title: `Failure cases: ${reference.name}` }),
  ];
}
