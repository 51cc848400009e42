import { findingOf } from "../../report/find-in-report.ts";
import { ABSENT, percent, points, pointsInterval } from "../../report/format-number.ts";
import { MMEB_GROUPS } from "../groups.ts";
import { markdownTable, type TextTable } from "../report/report-tables.ts";
import type { Difference, MmebComparison, PairedScores, RunComparison } from "./compare-runs.ts";

/** Means by group: the reference, then each run with its difference in points, the interval and p. */
export function comparisonTable({ reference, runs }: MmebComparison): TextTable {
  const head = ["P@1, %", ...MMEB_GROUPS];
  const [first] = runs;
  const own = { cells: [reference.name, ...MMEB_GROUPS.map((group) => scoreOf(first?.groups[group]?.reference))], strong: true };
  const others = runs.flatMap(({ run, groups }) => {
    const row = (label: string, write: (pair: PairedScores) => string): { cells: string[] } => ({
      cells: [label, ...MMEB_GROUPS.map((group) => (groups[group] === null ? ABSENT : write(groups[group])))],
    });
    return [
      row(run.name, ({ score }) => percent(score)),
      row("  difference, points", ({ difference }) => differenceCell(difference)),
      row("  95 % interval", ({ difference }) => pointsInterval(difference)),
      row("  p", ({ difference }) => pCell(difference)),
    ];
  });
  return { head, rows: [own, ...others] };
}

/** One run beside the reference, dataset by dataset. */
export function datasetComparisonTable({ datasets, run }: RunComparison, referenceName: string): TextTable {
  const head = ["Dataset", "Queries", referenceName, run.name, "Points", "95 % interval", "p", "Won / lost"];
  const rows = datasets.map(({ dataset, queries, reference, score, difference, won, lost }) => ({
    cells: [dataset, String(queries), percent(reference), percent(score), differenceCell(difference), pointsInterval(difference), pCell(difference), `${won} / ${lost}`], // prettier-ignore
  }));
  return { head, rows };
}

/** The comparison as Markdown. */
export function comparisonMarkdown(comparison: MmebComparison): string {
  const { reference, runs, notices, bootstrap, createdAt } = comparison;
  return [
    `# ${runs.map(({ run }) => run.name).join(", ")} beside ${reference.name}`,
    `${createdAt.slice(0, 10)}. ${readingOf(bootstrap.resamples)}`,
    ...notices.map((notice) => `> ${notice}`),
    markdownTable(comparisonTable(comparison)),
    ...runs.flatMap((run) => [`## ${run.run.name}`, markdownTable(datasetComparisonTable(run, reference.name))]),
    "",
  ].join("\n\n");
}

/** How the numbers are to be read. */
export function readingOf(resamples: number): string {
  return `Precision at 1 in percent, differences in points, paired query by query; intervals and p from ${resamples} bootstrap resamples. ▲ and ▼: the interval leaves out 0. Nothing is corrected for many comparisons: of twenty, about one leaves out 0 by luck.`;
}

function differenceCell(difference: Difference): string {
  const marks = { higher: " ▲", lower: " ▼", "no difference found": "" };
  return `${points(difference.value)}${marks[findingOf(difference)]}`;
}

function pCell({ p }: Difference): string {
  return p < 0.001 ? "< 0.001" : p.toFixed(3);
}

function scoreOf(score: number | undefined): string {
  return score === undefined ? ABSENT : percent(score);
}
