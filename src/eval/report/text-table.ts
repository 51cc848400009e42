import CliTable from "cli-table3";
import { columnLabels, modelOf, resultColumns } from "./find-in-report.ts";
import type { Report } from "./report-types.ts";
import { resultRows, type ResultRow } from "./result-rows.ts";

/** How wide the table may be. */
export interface TextTableOptions {
  /** Characters; 80 by default. Cells that do not fit are cut, never wrapped. */
  readonly columns?: number;
}

const TITLE = "Precision at 1, %";
const CELL = 13;

/** The main table for a terminal: tasks, means, differences and costs by {reference, main single, main aggregate, main all}. */
export function formatResultTable(report: Report, { columns: width = 80 }: TextTableOptions = {}): string {
  const columns = resultColumns(report);
  const heads = columnLabels(columns, Math.max(CELL, Math.floor((width - 30) / columns.length) - 1));
  const widest = Math.max(CELL, ...heads.map((head) => head.length + 1));
  const cell = Math.max(8, Math.min(widest, Math.floor((width - 20) / heads.length)));
  const rows = cell < CELL - 1 ? withoutIntervals(resultRows(report)) : resultRows(report);
  const label = Math.min(width - cell * heads.length, 2 + Math.max(TITLE.length, ...rows.map((row) => row.label.length)));
  const table = new CliTable({
    chars: NO_BORDERS,
    style: { head: [], border: [], "padding-left": 0, "padding-right": 1 },
    colWidths: [label, ...heads.map(() => cell)],
    colAligns: ["left", ...heads.map(() => "right" as const)],
  });
  table.push([TITLE, ...heads], ...rows.map((row) => [row.label, ...row.cells]));
  const [head = "", ...lines] = table.toString().split("\n");
  const rule = "─".repeat(label + cell * heads.length);
  return [head, ...lines.flatMap((line, index) => (beginsBlock(rows, index) ? [rule, line] : [line])), rule, legend(report)]
    .map((line) => line.trimEnd())
    .join("\n");
}

/** The main table as Markdown. */
export function formatResultMarkdown(report: Report): string {
  const heads = resultColumns(report).map(({ label }) => label);
  const line = (cells: readonly string[]): string => `| ${cells.map(escapeMarkdown).join(" | ")} |`;
  const rows = resultRows(report).map((row) => line([row.label.trim(), ...row.cells.map((cell) => cell.trim())]));
  return [line([TITLE, ...heads]), `| --- |${heads.map(() => " ---: |").join("")}`, ...rows, "", escapeMarkdown(legend(report))].join("\n");
}

/** For narrow terminals: scores and marks only. */
function withoutIntervals(rows: readonly ResultRow[]): ResultRow[] {
  const kept = rows.filter(({ label }) => !label.includes("interval"));
  return kept.map(({ block, label, cells }) => ({ block, label, cells: cells.map((cell) => cell.replace(/ ±[0-9.]+/, "")) }));
}

function legend(report: Report): string {
  if (report.main === report.reference) return "±: half the 95 % interval.";
  return `±: half the 95 % interval. ▲▼: paired 95 % interval wholly above or below ${modelOf(report, report.reference).name}.`;
}

function beginsBlock(rows: readonly ResultRow[], index: number): boolean {
  return rows[index]?.block !== rows[index - 1]?.block;
}

function escapeMarkdown(text: string): string {
  return text.replace(/[\\|<>*_`[\]]/g, String.raw`\$&`).replace(/\s*\n\s*/g, " ");
}

const NO_BORDERS = Object.fromEntries(
  ["top", "top-mid", "top-left", "top-right", "bottom", "bottom-mid", "bottom-left", "bottom-right"]
    .concat(["left", "left-mid", "mid", "mid-mid", "right", "right-mid", "middle"])
    .map((name) => [name, ""]),
);
