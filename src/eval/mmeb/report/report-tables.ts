import type { Estimate } from "../../bootstrap.ts";
import { ABSENT, percent } from "../../report/format-number.ts";
import { MMEB_GROUPS, type MmebGroup } from "../groups.ts";
import { viewTitle } from "../../views.ts";
import type { MmebReport } from "./mmeb-report.ts";

/** A table of text: the first cell of a row is its heading. */
export interface TextTable {
  readonly head: readonly string[];
  readonly rows: readonly TextTableRow[];
}

/** A row of a table; `strong` ones are the model's own among others'. */
export interface TextTableRow {
  readonly cells: readonly string[];
  readonly strong?: boolean;
}

/** The head of a group's column: `CLS`, or `CLS (3 of 10)` where datasets are missing. */
function groupTitle(group: MmebGroup, report: MmebReport): string {
  const scored = report.views[0]?.groups[group]?.datasets ?? 0;
  const size = report.groupSizes[group];
  return scored === size ? group : `${group} (${scored} of ${size})`;
}

/** Means by meta-task, IND, OOD and over all, one row per view, the published rows below. */
export function groupTable(report: MmebReport): TextTable {
  const { pathCount } = report.model;
  const own = report.views.map(({ view, groups }) => ({
    cells: [viewTitle(view, pathCount), ...MMEB_GROUPS.map((group) => scoreCell(groups[group]))],
    strong: true,
  }));
  const others = report.published.map(({ name, scores }) => ({
    cells: [name, ...MMEB_GROUPS.map((group) => (scores[group] === null ? ABSENT : percent(scores[group])))],
  }));
  return { head: ["P@1, %", ...MMEB_GROUPS.map((group) => groupTitle(group, report))], rows: [...own, ...others] };
}

/** Scores by dataset, one column per view. */
export function datasetTable(report: MmebReport): TextTable {
  const { pathCount } = report.model;
  const rows = report.datasets.map(({ name, metaTask, distribution, queries, candidates, chance }, place) => ({
    cells: [
      name,
      `${metaTask} ${distribution}`,
      String(queries),
      candidates.toFixed(0),
      percent(chance),
      ...report.views.map((view) => scoreCell(view.datasets[place])),
    ],
  }));
  const head = ["Dataset", "Task", "Queries", "Candidates", "Chance", ...report.views.map(({ view }) => viewTitle(view, pathCount))];
  return { head, rows };
}

/** `59.0 ±1.2`: the score and half its interval, in percent. */
function scoreCell(estimate: Estimate | null | undefined): string {
  return estimate ? `${percent(estimate.value)} ±${percent((estimate.high - estimate.low) / 2)}` : ABSENT;
}

/** A table as Markdown. */
export function markdownTable({ head, rows }: TextTable): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  const body = rows.map(({ cells: [first = "", ...others], strong }) => line([strong === true ? `**${first}**` : first, ...others]));
  return [line(head), `| --- |${head.slice(1).map(() => " ---: |").join("")}`, ...body].join("\n"); // prettier-ignore
}
