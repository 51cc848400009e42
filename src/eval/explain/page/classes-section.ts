import { mean, type Estimate } from "../../bootstrap.ts";
import { heatCell, heatMapChart, shiftCell, type HeatCell } from "../../report/charts/heat-map.ts";
import type { Chart } from "../../report/charts/render-chart.ts";
import { percent, percentInterval } from "../../report/format-number.ts";
import { html, type Html } from "../../report/html.ts";
import { figure, folded, gallery, table, type Section, type TableRow } from "../../report/sections/parts.ts";
import { viewTitle } from "../../views.ts";
import type { CountedShare, Explanation, TaskSummary } from "../explanation.ts";

/** Which paths find the answer, task by task, and what each way of scoring reaches. */
export async function classesSection(explanation: Explanation): Promise<Section> {
  const { pathCount } = explanation.model;
  const charts = pathCount === 1 ? [] : [await figure(classChart(explanation), "Queries by which paths find the answer, %"), await figure(pathChart(explanation), "P@1 of each path alone, %")]; // prettier-ignore
  const intro =
    pathCount > 1 &&
    html`<p>
      Every query is in one of the first ${explanation.means.classes.length} columns: all paths find the answer,
      ${pathCount > 2 && "several but not all, "}one alone, or none. The last two columns look across: <b>rescued</b>, the aggregate is
      right though no path is; <b>lost</b>, it is wrong though a path is right. In the second picture the colour says how far a path lies
      above or below the mean of the paths in that task.
    </p>`;
  const body = html`${intro} ${gallery(charts)} ${folded("Shares and counts with their intervals", classTable(explanation))}
  ${scoreTable(explanation)} ${folded("Mean reciprocal rank of the right candidate", rankTable(explanation))}`;
  return { id: "classes", title: pathCount === 1 ? "Scores" : "Who finds the answer", body };
}

/** A row's name and what it sums up: the tasks, then their mean. */
export function summaries({
  tasks,
  means,
}: Explanation): { readonly name: string; readonly summary: TaskSummary; readonly strong: boolean }[] {
  return [...tasks.map(({ name, summary }) => ({ name, summary, strong: false })), { name: "Mean of tasks", summary: means, strong: true }];
}

/** How wide the names of rows are drawn. */
export function labelWidth(names: readonly string[]): number {
  return Math.ceil(Math.min(204, Math.max(90, ...names.map((name) => 6.8 * name.length))));
}

function shares({ classes, rescued, lost }: TaskSummary): readonly (readonly [string, CountedShare])[] {
  return [...classes.map((each) => [each.class, each] as const), ["rescued", rescued], ["lost", lost]];
}

function classChart(explanation: Explanation): Chart {
  const rows = summaries(explanation);
  const columns = shares(explanation.means).map(([name]) => name);
  const cells = rows.map(({ summary }) => shares(summary).map(([, { value }]): HeatCell => heatCell(value, percent(value), [0, 1])));
  const told = rows.map(({ name, summary }) => `${name}: ${shares(summary).map(([column, { value }]) => `${column} ${percent(value)}`).join(", ")}`); // prettier-ignore
  return heatMapChart({
    id: "classes",
    description: `Heat map of query classes in percent: ${told.join("; ")}.`,
    rows: rows.map(({ name }) => name),
    columns: columns.map((name) =>
      name
        .replace(/^only path /, "only ")
        .replace(/^no path$/, "none")
        .replace(/ paths$/, ""),
    ),
    labelWidth: labelWidth(rows.map(({ name }) => name)),
    cell: { width: Math.max(44, Math.min(56, Math.floor(420 / columns.length))), height: 24 },
    cells,
  });
}

/** The paths' own scores. Views are the aggregate, the paths, and others. */
function pathChart(explanation: Explanation): Chart {
  const { pathCount } = explanation.model;
  const rows = summaries(explanation).map(({ name, summary }) => ({
    name,
    scores: summary.precision.slice(1, 1 + pathCount).map(({ value }) => value),
  }));
  const shifts = rows.map(({ scores }) => scores.map((score) => score - mean(scores)));
  const reach = Math.max(0.005, ...shifts.flat().map(Math.abs));
  return heatMapChart({
    id: "paths-alone",
    description: `Heat map of precision at 1 by path and task: ${rows.map(({ name, scores }) => `${name} ${scores.map(percent).join(", ")}`).join("; ")}.`,
    rows: rows.map(({ name }) => name),
    columns: Array.from({ length: pathCount }, (_, path) => (pathCount > 5 ? String(path) : `path ${path}`)),
    labelWidth: labelWidth(rows.map(({ name }) => name)),
    cell: { width: Math.max(34, Math.min(49, Math.floor(230 / pathCount))), height: 24 },
    cells: rows.map(({ scores }, row) => scores.map((score, path) => shiftCell(shifts[row]?.[path] ?? 0, percent(score), reach))),
  });
}

function classTable(explanation: Explanation): Html {
  const rows = summaries(explanation).map(({ name, summary, strong }): TableRow => ({
    cells: [html`${name}<small>${summary.queries} queries</small>`, ...shares(summary).map(([, share]) => shareCell(share))],
    strong,
  }));
  const head = ["Task", ...shares(explanation.means).map(([name]) => name)];
  return table({ caption: "Share of the queries in percent, 95 % interval, number of queries", head, rows });
}

function shareCell(share: CountedShare): Html {
  return html`${percent(share.value)}<small>${percentInterval(share)}</small><small>${share.queries}</small>`;
}

function scoreTable(explanation: Explanation): Html {
  const { views, model } = explanation;
  const head = ["Task", ...views.map((view) => viewTitle(view, model.pathCount))];
  const rows = estimateRows(explanation, ({ precision }) => precision);
  return table({ caption: "P@1 in percent, with 95 % intervals", head, rows });
}

function rankTable(explanation: Explanation): Html {
  const { views, model } = explanation;
  const head = ["Task", ...views.map((view) => viewTitle(view, model.pathCount))];
  const rows = estimateRows(explanation, ({ reciprocalRank }) => reciprocalRank);
  return table({ caption: "Mean reciprocal rank in percent, with 95 % intervals", head, rows });
}

function estimateRows(explanation: Explanation, estimatesOf: (summary: TaskSummary) => readonly Estimate[]): TableRow[] {
  return summaries(explanation).map(({ name, summary, strong }) => ({
    cells: [name, ...estimatesOf(summary).map((estimate) => html`${percent(estimate.value)}<small>${percentInterval(estimate)}</small>`)],
    strong,
  }));
}
