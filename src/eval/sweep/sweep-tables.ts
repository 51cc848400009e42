import { findingOf } from "../report/find-in-report.ts";
import { ABSENT, duration, flops, milliseconds, percent, points, pointsInterval, quantity } from "../report/format-number.ts";
import type { SeededEstimate } from "../report/report-types.ts";
import { markdownTable, type TextTable } from "../mmeb/report/report-tables.ts";
import type { SweepReport, SweepReportCell, SweepView } from "./sweep-report.ts";

/** What a view is called. */
const SWEEP_VIEW_TITLES: Readonly<Record<SweepView, string>> = {
  aggregate: "aggregate",
  all: "all paths",
  maxSim: "MaxSim",
};

/** One row per cell: scores on validation, the difference from the baseline, cost; the chosen cell is strong. */
export function sweepTable(report: SweepReport): TextTable {
  const { cells, view, best, baseline } = report;
  const isTested = cells.some(({ test }) => test !== null);
  const title = (shown: SweepView): string => `${SWEEP_VIEW_TITLES[shown]}${shown === view ? " *" : ""}`;
  const head = [
    "Cell",
    title("aggregate"),
    title("all"),
    ...(view === "maxSim" ? [title("maxSim")] : []),
    "points",
    "95 % interval",
    ...(isTested ? [`test, ${SWEEP_VIEW_TITLES[view]}`] : []),
    "training",
    "computation",
    "trained",
    "ms per input",
    "vectors",
  ];
  const rows = cells.map((cell) => ({
    cells: [
      `${cell.label}${cell.id === baseline ? " (baseline)" : ""}${cell.id === best ? " (best)" : ""}`,
      scoreCell(cell.validation?.aggregate),
      cell.pathCount === 1 ? ABSENT : scoreCell(cell.validation?.all),
      ...(view === "maxSim" ? [cell.pathCount === 1 ? ABSENT : scoreCell(cell.validation?.maxSim)] : []),
      differenceCell(cell),
      cell.difference === null ? ABSENT : pointsInterval(cell.difference),
      ...(isTested ? [scoreCell(cell.test?.[view])] : []),
      duration(cell.cost.trainingSeconds),
      flops(cell.cost.trainingFlops),
      quantity(cell.cost.trainableParameters),
      milliseconds(cell.cost.embeddingMs[view === "aggregate" ? "aggregate" : "all"]),
      vectorsOf(cell, view),
    ],
    ...(cell.id === best && { strong: true }),
  }));
  return { head, rows };
}

/** What failed: cell, seed and reason; undefined if nothing did. */
export function failureTable({ cells }: SweepReport): TextTable | undefined {
  const rows = cells.flatMap(({ label, runs }) =>
    runs.flatMap(({ seed, failure }) => (failure === null ? [] : [{ cells: [label, String(seed), failure] }])),
  );
  return rows.length === 0 ? undefined : { head: ["Failed", "seed", "why"], rows };
}

/** Which combinations come to the same training, one sentence each. */
export function sameTrainings({ cells }: SweepReport): string[] {
  return cells.flatMap(({ label, aliases }) =>
    aliases.length === 0 ? [] : [`${label} is the same training as ${aliases.map((alias) => alias.label).join(", ")}`],
  );
}

/** How the numbers are to be read. */
export function readingOf({ seeds, view, tasks, bootstrap }: SweepReport): string {
  const spread = seeds.length > 1 ? `± is the standard deviation over ${seeds.length} seeds. ` : "";
  return `Precision at 1 on validation in percent, mean over ${tasks.length} tasks. ${spread}Points: the difference from the baseline in the column marked *, paired query by query and seed by seed, with its bootstrap interval (${bootstrap.resamples} resamples); ▲ and ▼: the interval leaves out 0. The best is the highest ${SWEEP_VIEW_TITLES[view]} on validation.`;
}

/** The sweep as Markdown. */
export function sweepMarkdown(report: SweepReport): string {
  const failures = failureTable(report);
  const aliases = sameTrainings(report).map((sentence) => `- ${sentence}`);
  return [
    `# ${report.title}`,
    `${report.createdAt.slice(0, 10)}. ${readingOf(report)}`,
    ...report.notices.map((notice) => `> ${notice}`),
    markdownTable(sweepTable(report)),
    ...(failures === undefined ? [] : ["## Failures", markdownTable(failures)]),
    ...(aliases.length === 0 ? [] : ["## Combinations that are the same training", aliases.join("\n")]),
    ...(report.facts.length === 0 ? [] : ["## What was run", report.facts.map(({ label, value }) => `- ${label}: ${value}`).join("\n")]),
    "",
  ].join("\n\n");
}

function scoreCell(score: SeededEstimate | undefined): string {
  if (score === undefined) return ABSENT;
  return score.standardDeviation === null ? percent(score.value) : `${percent(score.value)} ±${percent(score.standardDeviation)}`;
}

function differenceCell({ difference }: SweepReportCell): string {
  if (difference === null) return ABSENT;
  const marks = { higher: " ▲", lower: " ▼", "no difference found": "" };
  return `${points(difference.value)}${marks[findingOf(difference)]}`;
}

function vectorsOf({ pathCount }: SweepReportCell, view: SweepView): string {
  if (pathCount === null) return ABSENT;
  return String(view === "aggregate" ? 1 : pathCount);
}
