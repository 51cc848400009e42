import type { MmebReport } from "./mmeb-report.ts";
import { datasetTable, groupTable, markdownTable } from "./report-tables.ts";

/** The report as Markdown: notices, means beside the published rows, scores by dataset. */
export function mmebMarkdown(report: MmebReport): string {
  const { title, createdAt, notices, facts, bootstrap } = report;
  return [
    `# ${title}`,
    `${createdAt.slice(0, 10)}. Precision at 1 in percent; ± is half the 95 % interval over the queries (bootstrap, ${bootstrap.resamples} resamples). A tie with the right candidate is a miss. Means are over datasets, unweighted.`,
    ...notices.map((notice) => `> ${notice}`),
    "## Means",
    markdownTable(groupTable(report)),
    "Rows that are not bold are what others published.",
    "## Datasets",
    markdownTable(datasetTable(report)),
    ...(facts.length === 0 ? [] : ["## What was run", facts.map(({ label, value }) => `- ${label}: ${value}`).join("\n")]),
    "",
  ].join("\n\n");
}
