import type { Estimate } from "../../eval/bootstrap.ts";
import type { Explanation, TaskSummary } from "../../eval/explain/explanation.ts";
import { percent } from "../../eval/report/format-number.ts";
import { viewTitle } from "../../eval/views.ts";
import { formatTable, type TableColumn } from "../terminal/table.ts";

/** An explanation for a terminal: who finds the answer, what each way of scoring reaches, and what was found in words. */
export function printExplanation(explanation: Explanation): string {
  const { notices, findings, model } = explanation;
  const tables = model.pathCount === 1 ? [scores(explanation)] : [classes(explanation), scores(explanation)];
  return [...notices, ...tables, "±: half the 95 % interval. Means are over tasks, unweighted.", findings.map((finding) => `- ${finding}`).join("\n")].join("\n\n"); // prettier-ignore
}

function classes(explanation: Explanation): string {
  const shares = ({ classes: all, rescued, lost }: TaskSummary): readonly Estimate[] => [...all, rescued, lost];
  const titles = [...explanation.means.classes.map((each) => each.class), "rescued", "lost"];
  const table = rows(explanation, "Queries, % that are answered by", titles, (summary) =>
    shares(summary).map(({ value }) => percent(value)),
  );
  return `${table}\nrescued: the aggregate is right though no path is; lost: it is wrong though a path is right.`;
}

function scores(explanation: Explanation): string {
  const titles = explanation.views.map((view) => viewTitle(view, explanation.model.pathCount));
  return rows(explanation, "Precision at 1, %", titles, ({ precision }) => precision.map(withInterval));
}

function rows(
  { tasks, means }: Explanation,
  title: string,
  columns: readonly string[],
  cellsOf: (summary: TaskSummary) => readonly string[],
): string {
  const heads: TableColumn[] = [{ title }, ...columns.map((column): TableColumn => ({ title: column, align: "right" }))];
  const lines = [...tasks.map(({ name, summary }) => [name, ...cellsOf(summary)]), ["Mean", ...cellsOf(means)]];
  return formatTable(heads, lines);
}

function withInterval({ value, low, high }: Estimate): string {
  return `${percent(value)} ±${percent((high - low) / 2)}`;
}
