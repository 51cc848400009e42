import { duration, flops, milliseconds } from "../report/format-number.ts";
import { html, type Html } from "../report/html.ts";
import { renderPage } from "../report/page.ts";
import { figure, gallery, type Section } from "../report/sections/parts.ts";
import { tableOf } from "../mmeb/report/mmeb-html.ts";
import { costChart } from "./charts/cost-chart.ts";
import { fieldChart, type FieldPoint } from "./charts/field-chart.ts";
import type { SweepReport, SweepReportCell } from "./sweep-report.ts";
import { failureTable, readingOf, sameTrainings, sweepTable } from "./sweep-tables.ts";

/** The sweep as one page: the table, scores by each field, scores against what they cost. */
export async function renderSweep(report: SweepReport): Promise<string> {
  const notice = report.notices.length === 0 ? null : report.notices.join(" ");
  const sections = [cells(report), await fields(report), await costs(report), failures(report), method(report)];
  return renderPage({ title: report.title, createdAt: report.createdAt, notice }, sections.filter((section) => section !== undefined)); // prettier-ignore
}

function cells(report: SweepReport): Section {
  const { head, rows } = sweepTable(report);
  const numbered = rows.map(({ cells: [label = "", ...others], ...row }, place) => ({ ...row, cells: [`${place + 1}  ${label}`, ...others] })); // prettier-ignore
  const body = html`<p>${readingOf(report)}</p>
    ${tableOf({ head, rows: numbered }, "Every cell, on validation")}
    ${sameTrainings(report).map((sentence) => html`<p class="note">${sentence}.</p>`)}`;
  return { id: "cells", title: "Cells", body };
}

/** A chart for every field of which several values were tried. */
async function fields(report: SweepReport): Promise<Section | undefined> {
  const charts: Html[] = [];
  for (const [place, field] of report.fields.entries()) {
    const points = pointsOf(report, field);
    if (new Set(points.map(({ value }) => value)).size < 2) continue;
    charts.push(await figure(fieldChart(points, { id: `field-${place}`, field }), `P@1 by ${field}`));
  }
  if (charts.length === 0) return undefined;
  const body = html`<p>
      Each dot is a cell, its bar the range of its seeds; the line goes through the means over all cells of a value. Axes of scores do not
      begin at 0.
    </p>
    ${gallery(charts)}`;
  return { id: "fields", title: "By field", body };
}

function pointsOf({ cells: all, view }: SweepReport, field: string): FieldPoint[] {
  return all.flatMap(({ settings, aliases, validation }) => {
    if (validation === null) return [];
    const { value: score, perSeed } = validation[view];
    const spread = { score, low: Math.min(...perSeed), high: Math.max(...perSeed) };
    const values = [settings, ...aliases.map((alias) => alias.settings)].flatMap((each) => (Object.hasOwn(each, field) ? [textOf(each[field])] : [])); // prettier-ignore
    return [...new Set(values)].map((value) => ({ value, ...spread }));
  });
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** The costs that scores are drawn against. */
const COSTS = [
  {
    id: "training-time",
    what: "training, seconds",
    of: ({ cost }: SweepReportCell): number | null => cost.trainingSeconds,
    format: duration,
  },
  {
    id: "training-flops",
    what: "training, floating point operations",
    of: ({ cost }: SweepReportCell): number | null => cost.trainingFlops,
    format: flops,
  },
  {
    id: "embedding-ms",
    what: "embedding, ms per input",
    of: ({ cost }: SweepReportCell): number | null => cost.embeddingMs.all,
    format: milliseconds,
  },
] as const;

async function costs(report: SweepReport): Promise<Section | undefined> {
  const charts: Html[] = [];
  for (const { id, what, of, format } of COSTS) {
    const points = report.cells.flatMap((cell, place) => {
      const cost = of(cell);
      const score = cell.validation?.[report.view].value;
      return cost === null || score === undefined ? [] : [{ number: place + 1, cost, score, isBest: cell.id === report.best }];
    });
    if (points.length > 1) charts.push(await figure(costChart(points, { id, what, format }), `P@1 against ${what}`));
  }
  if (charts.length === 0) return undefined;
  const body = html`<p>
      Dots have the cells' numbers. Times hold for one machine; each cell was timed by itself, when it was trained. Axes of scores do not
      begin at 0.
    </p>
    ${gallery(charts)}`;
  return { id: "cost", title: "Against cost", body };
}

function failures(report: SweepReport): Section | undefined {
  const failed = failureTable(report);
  return failed === undefined ? undefined : { id: "failures", title: "Failures", body: tableOf(failed, "Runs that did not finish") };
}

function method({ facts, tasks, seeds }: SweepReport): Section {
  const queries = tasks.reduce((sum, task) => sum + task.queries, 0);
  const shown = [...facts, { label: "Seeds", value: seeds.join(", ") }, { label: "Queries", value: `${queries} in ${tasks.length} tasks` }];
  const body = html`<dl class="facts">
      ${shown.map(({ label, value }) => html`<div><dt>${label}</dt><dd>${value}</dd></div>` /* prettier-ignore */)}
    </dl>
    <p class="note">Everything shown is in <code>sweep.json</code>.</p>`;
  return { id: "method", title: "What was run", body };
}
