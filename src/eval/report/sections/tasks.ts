import type { Estimate } from "../../bootstrap.ts";
import { baselineNames, shapeOf, taskBars, taskLabel, type BaselineShape } from "../charts/task-bars.ts";
import { comparisonOf, findingOf, modelOf, resultColumns, type ResultColumn } from "../find-in-report.ts";
import { ABSENT, count, percent, percentInterval } from "../format-number.ts";
import { html, type Html, type HtmlValue } from "../html.ts";
import { MEAN_NAMES } from "../result-rows.ts";
import type { Report, TaskGroup } from "../report-types.ts";
import { figure, gallery, legend, swatch, table, type LegendEntry, type Section, type TableRow } from "./parts.ts";

/** Scores by task: bars for seen and unseen concepts apart, and the table. */
export async function tasks(report: Report): Promise<Section> {
  const groups = (["seen", "unseen"] as const).filter((concepts) => report.tasks.some((task) => task.concepts === concepts));
  const titles = { seen: "Concepts seen in training", unseen: "Concepts never seen in training" };
  const figures = await Promise.all(groups.map((concepts) => figure(taskBars(report, concepts), titles[concepts])));
  const body = html`<p>
      Precision at 1: how often the right candidate scores above all others. A tie is a miss. Whiskers are 95 % intervals.
    </p>
    ${legend(legendEntries(report))} ${gallery(figures)} ${resultTable(report)}
    <p class="note">
      ▲ and ▼: the interval of the paired difference from ${modelOf(report, report.reference).name} lies wholly above or below 0. With many
      tasks, about one mark in twenty comes from luck alone.
    </p>`;
  return { id: "tasks", title: "Tasks", body };
}

function legendEntries(report: Report): LegendEntry[] {
  const columns = resultColumns(report).map(({ label }, index) => ({
    swatch: swatch(`<rect x="1" y="2" width="24" height="8" rx="1" fill="var(--column-${index})"/>`),
    label,
  }));
  const marks = baselineNames(report).map((label) => ({ swatch: swatch(SHAPE_DRAWINGS[shapeOf(report, label)]), label }));
  return [...columns, ...marks];
}

const SHAPE_DRAWINGS: Readonly<Record<BaselineShape, string>> = {
  "triangle-down": '<path d="M8 3h10l-5 7z" fill="var(--text)"/>',
  diamond: '<path d="M13 1l5 5-5 5-5-5z" fill="var(--text)"/>',
  square: '<path d="M9 2h8v8H9z" fill="var(--text)"/>',
  cross: '<path d="M11 1h4v3h3v4h-3v3h-4V8H8V4h3z" fill="var(--text)"/>',
};

function resultTable(report: Report): Html {
  const columns = resultColumns(report);
  const rows: TableRow[] = report.tasks.map((task, index) => ({
    cells: [
      html`${taskLabel(report, index)}<small>${task.concepts} · ${count(task.queries)} queries</small>`,
      ...columns.map((column) => {
        const difference = comparisonOf(report, column)?.tasks[index];
        return scoreCell(modelOf(report, column.model).scores[column.view].tasks[index], difference);
      }),
      html`${task.baselines.map(({ name, score }) => html`<small>${name} ${percent(score)}</small>`)}`,
    ],
  }));
  const groups: TaskGroup[] = ["seen", "unseen", "all"];
  const means = groups.flatMap((group): TableRow[] => {
    const cells = columns.map((column) => meanCell(report, column, group));
    return cells.some((cell) => cell === undefined) ? [] : [{ cells: [MEAN_NAMES[group], ...(cells as HtmlValue[]), ""], strong: true }];
  });
  const head = ["Task", ...columns.map(({ label }) => label), "Without a model"];
  return table({ caption: "Precision at 1 in percent, with 95 % intervals", head, rows: [...rows, ...means] });
}

function meanCell(report: Report, column: ResultColumn, group: TaskGroup): Html | undefined {
  const mean = modelOf(report, column.model).scores[column.view].means[group];
  return mean === null ? undefined : scoreCell(mean, comparisonOf(report, column)?.means[group] ?? undefined);
}

/** A score, a mark where it differs from the reference, and its interval. */
export function scoreCell(estimate: Estimate | undefined, difference?: Estimate): Html {
  if (estimate === undefined) return html`${ABSENT}`;
  return html`${percent(estimate.value)}${markOf(difference)}<small>${percentInterval(estimate)}</small>`;
}

function markOf(difference: Estimate | undefined): Html | undefined {
  if (difference === undefined) return undefined;
  const finding = findingOf(difference);
  if (finding === "no difference found") return undefined;
  return finding === "higher" ? html` <span class="up" title="higher">▲</span>` : html` <span class="down" title="lower">▼</span>`;
}
