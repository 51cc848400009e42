import { join } from "node:path";
import { writeFileAtomic, writeJsonAtomic } from "../../../files/atomic-write.ts";
import { html } from "../../report/html.ts";
import { renderPage } from "../../report/page.ts";
import type { Section } from "../../report/sections/parts.ts";
import { tableOf } from "../report/mmeb-html.ts";
import type { MmebComparison } from "./compare-runs.ts";
import { comparisonMarkdown, comparisonTable, datasetComparisonTable, readingOf } from "./comparison-tables.ts";

/** Writes `comparison.json`, `comparison.md` and `comparison.html` into a folder. @returns their paths. @throws {FileError} */
export async function writeComparison(
  folder: string,
  comparison: MmebComparison,
): Promise<{ readonly json: string; readonly markdown: string; readonly html: string }> {
  const file = (name: string): string => join(folder, `comparison.${name}`);
  await writeJsonAtomic(file("json"), comparison);
  await writeFileAtomic(file("md"), comparisonMarkdown(comparison));
  await writeFileAtomic(file("html"), renderComparison(comparison));
  return { json: file("json"), markdown: file("md"), html: file("html") };
}

function renderComparison(comparison: MmebComparison): string {
  const { reference, runs, notices, bootstrap, createdAt } = comparison;
  const title = `${runs.map(({ run }) => run.name).join(", ")} beside ${reference.name}`;
  const means: Section = {
    id: "means",
    title: "Means",
    body: html`<p>${readingOf(bootstrap.resamples)}</p>
      ${tableOf(comparisonTable(comparison), "Means over datasets")}`,
  };
  const each = runs.map((run, place): Section => ({
    id: `run-${place}`,
    title: run.run.name,
    body: tableOf(datasetComparisonTable(run, reference.name), `${run.run.name} beside ${reference.name}, by dataset`),
  }));
  return renderPage({ title, createdAt, notice: notices.length === 0 ? null : notices.join(" ") }, [means, ...each]);
}
