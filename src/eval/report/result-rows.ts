import type { Estimate } from "../bootstrap.ts";
import { taskLabel } from "./charts/task-bars.ts";
import { comparisonOf, findingOf, modelOf, resultColumns, type ResultColumn } from "./find-in-report.ts";
import { ABSENT, duration, flops, milliseconds, percent, points, pointsInterval } from "./format-number.ts";
import type { EmbeddingView, Report, ReportModel, TaskGroup } from "./report-types.ts";

/** A row of the main table in text: a label and one cell per column of `resultColumns`. */
export interface ResultRow {
  readonly block: "tasks" | "means" | "difference" | "cost";
  readonly label: string;
  readonly cells: readonly string[];
}

/** The rows of the main table: tasks, means, differences from the reference, costs; rows that nobody measured are left out. */
export function resultRows(report: Report): ResultRow[] {
  const columns = resultColumns(report);
  const rows = [
    ...taskRows(report, columns),
    ...meanRows(report, columns),
    ...differenceRows(report, columns),
    ...costRows(report, columns),
  ];
  return rows.filter(({ cells }) => cells.some((cell) => cell !== ABSENT));
}

/** What a group's mean is called. */
export const MEAN_NAMES: Readonly<Record<TaskGroup, string>> = {
  seen: "Mean, seen concepts",
  unseen: "Mean, unseen concepts",
  all: "Mean",
};

function taskRows(report: Report, columns: readonly ResultColumn[]): ResultRow[] {
  return report.tasks.map((task, index) => ({
    block: "tasks",
    label: `${taskLabel(report, index)}, ${task.concepts}`,
    cells: columns.map((column) => {
      const estimate = modelOf(report, column.model).scores[column.view].tasks[index];
      return score(estimate, comparisonOf(report, column)?.tasks[index]);
    }),
  }));
}

function meanRows(report: Report, columns: readonly ResultColumn[]): ResultRow[] {
  return (["seen", "unseen", "all"] as const).map((group) => ({
    block: "means",
    label: MEAN_NAMES[group],
    cells: columns.map((column) => {
      const mean = modelOf(report, column.model).scores[column.view].means[group];
      return score(mean, comparisonOf(report, column)?.means[group]);
    }),
  }));
}

function differenceRows(report: Report, columns: readonly ResultColumn[]): ResultRow[] {
  const differences = columns.map((column) => comparisonOf(report, column)?.means.all);
  const write = (format: (difference: Estimate) => string): string[] =>
    differences.map((difference) => (difference === undefined ? ABSENT : format(difference)));
  const name = modelOf(report, report.reference).name;
  return [
    { block: "difference", label: `Mean minus ${name}, points`, cells: write(({ value }) => points(value)) },
    { block: "difference", label: "  95 % interval", cells: write(pointsInterval) },
  ];
}

function costRows(report: Report, columns: readonly ResultColumn[]): ResultRow[] {
  const row = (label: string, amount: (model: ReportModel, column: ResultColumn) => string): ResultRow => ({
    block: "cost",
    label,
    cells: columns.map((column) => amount(modelOf(report, column.model), column)),
  });
  return [
    row("Training", ({ cost }) => duration(cost.trainingSeconds)),
    row("Training computation", ({ cost }) => flops(cost.trainingFlops)),
    row("Embedding, per input", ({ cost }, { view }) => milliseconds(cost.embeddingMs[view as EmbeddingView])),
    row("Vectors, per input", (model, { view }) => String(vectorsPerInput(model, view))),
  ];
}

/** How many vectors a store holds per input. */
export function vectorsPerInput(model: ReportModel, view: string): number {
  return view === "all" || view === "maxSim" ? model.pathCount : 1;
}

/** `43.8 ±5.2▲`: the score, half its interval, and a mark where the interval of the difference from the reference leaves out 0. */
function score(estimate: Estimate | null | undefined, difference: Estimate | null | undefined): string {
  if (!estimate) return ABSENT;
  const finding = difference ? findingOf(difference) : "no difference found";
  const mark = finding === "higher" ? "▲" : finding === "lower" ? "▼" : " ";
  return `${percent(estimate.value)} ±${percent((estimate.high - estimate.low) / 2)}${mark}`;
}
