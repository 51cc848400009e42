import { mean } from "../../bootstrap.ts";
import { casesSection } from "../../cases/cases-section.ts";
import { heatMapChart, shiftCell } from "../../report/charts/heat-map.ts";
import type { Chart } from "../../report/charts/render-chart.ts";
import { count, decimal, percent } from "../../report/format-number.ts";
import { html, type Html } from "../../report/html.ts";
import { renderPage } from "../../report/page.ts";
import { lineLegend } from "../../report/sections/line-legend.ts";
import { figure, gallery, legend, swatch, table, type Section } from "../../report/sections/parts.ts";
import { pairMean } from "../../../embed/diversity/path-matrix.ts";
import { META_TASKS } from "../../../data/mmeb/datasets.ts";
import { viewTitle } from "../../views.ts";
import { MMEB_GROUPS } from "../groups.ts";
import { computeChart, type ComputePoint } from "./charts/compute-chart.ts";
import { radarChart, type RadarLine } from "./charts/radar-chart.ts";
import type { MmebReport } from "./mmeb-report.ts";
import { datasetTable, groupTable, type TextTable } from "./report-tables.ts";

/** The report as one page: means beside the published rows, radar of the meta-tasks, paths by datasets, scores against computation. */
export async function renderMmebReport(report: MmebReport): Promise<string> {
  const notice = report.notices.length === 0 ? null : report.notices.join(" ");
  const sections = [
    await means(report),
    await paths(report),
    datasets(report),
    casesSection(report.cases, report.model.pathCount),
    method(report),
  ];
  return renderPage({ title: report.title, createdAt: report.createdAt, notice }, sections.filter((section) => section !== undefined)); // prettier-ignore
}

async function means(report: MmebReport): Promise<Section> {
  const lines = radarLines(report);
  const radar = lines.length === 0 ? [] : [await figure(radarChart(META_TASKS, lines, { id: "radar", what: "P@1 by meta-task" }), "P@1 by meta-task, %", legendOf(lines))]; // prettier-ignore
  const points = computePoints(report);
  const compute = points.length === 0 ? [] : [await figure(computeChart(points, "compute"), "Mean P@1 against the computation of one input", computeLegend(points))]; // prettier-ignore
  const body = html`<p>
      Precision at 1: how often the right candidate scores above all others. A tie is a miss. ± is half the 95 % interval.
    </p>
    ${tableOf(groupTable(report), "Means over datasets, %; below the model's own rows, what others published")}
    ${gallery([...radar, ...compute])}
    ${points.length === 0 && html`<p class="note">What embedding an input costs is not known for this embedder, so scores are not drawn against it.</p>`}`;
  return { id: "means", title: "Means", body };
}

/** The model's main views and the published rows that tell all four meta-tasks; none if a meta-task has no dataset. */
function radarLines(report: MmebReport): RadarLine[] {
  const own = report.views.filter(({ view }) => view === "aggregate" || view === "all");
  const published = report.published.filter(({ scores }) => META_TASKS.every((task) => scores[task] !== null));
  const lines = [
    ...own.map(({ view, groups }) => ({
      label: viewTitle(view, report.model.pathCount),
      scores: META_TASKS.map((task) => groups[task]?.value),
    })),
    ...published.map(({ name, scores }) => ({ label: name, scores: META_TASKS.map((task) => scores[task] ?? undefined) })),
  ];
  const whole = own.every(({ groups }) => META_TASKS.every((task) => groups[task] !== null));
  return whole ? lines.map(({ label, scores }, style) => ({ label, style, values: scores.map((score) => score ?? 0) })) : [];
}

function legendOf(lines: readonly RadarLine[]): Html {
  return lineLegend(lines.map(({ label, style }) => ({ label, style, runs: [] })));
}

function computePoints({ embeddingFlops, views, model }: MmebReport): ComputePoint[] {
  if (embeddingFlops === null) return [];
  return views.flatMap(({ view, groups }) => {
    if (groups.all === null || view === "oracle") return [];
    return [{ label: viewTitle(view, model.pathCount), flops: view.startsWith("path ") ? embeddingFlops.single : embeddingFlops.all, score: groups.all.value }]; // prettier-ignore
  });
}

function computeLegend(points: readonly ComputePoint[]): Html {
  const dot = (place: number): Html => swatch(`<circle cx="13" cy="6" r="5" fill="var(--line-${place % 8})"/>`);
  return legend(points.map(({ label }, place) => ({ swatch: dot(place), label: `${place + 1} ${label}` })));
}

async function paths(report: MmebReport): Promise<Section | undefined> {
  if (report.model.pathCount === 1) return undefined;
  const body = html`<p>
      What each path is good at: the colour says how far it lies above or below the mean of the paths on that dataset. Rank correlation
      between paths: ${decimal(pairMean(report.paths.rankCorrelation))} (${report.paths.verdict.replaceAll("-", " ")}).
    </p>
    ${gallery([await figure(pathsByDatasets(report), "P@1 in percent by path and dataset")])}`;
  return { id: "paths", title: "Paths", body };
}

function pathsByDatasets(report: MmebReport): Chart {
  const single = report.views.filter(({ view }) => view.startsWith("path "));
  const groups = MMEB_GROUPS.filter((group) => (single[0]?.groups[group] ?? null) !== null);
  const names = [...report.datasets.map(({ name, metaTask }) => `${name}, ${metaTask}`), ...groups.map((group) => `Mean of ${group}`)];
  const scores = [
    ...report.datasets.map((_, place) => single.map(({ datasets: all }) => all[place]?.value ?? 0)),
    ...groups.map((group) => single.map((view) => view.groups[group]?.value ?? 0)),
  ];
  const shifts = scores.map((row) => row.map((score) => score - mean(row)));
  const reach = Math.max(0.005, ...shifts.flat().map(Math.abs));
  return heatMapChart({
    id: "paths-by-datasets",
    description: `Heat map of precision at 1 by path and dataset: ${names.map((name, place) => `${name} ${scores[place]?.map(percent).join(", ")}`).join("; ")}.`,
    rows: names,
    columns: single.map(({ view }) => (single.length > 5 ? view.slice("path ".length) : view)),
    labelWidth: 160,
    cell: { width: Math.max(34, Math.min(49, Math.floor(260 / single.length))), height: 22 },
    cells: scores.map((row, place) => row.map((score, path) => shiftCell(shifts[place]?.[path] ?? 0, percent(score), reach))),
  });
}

function datasets(report: MmebReport): Section {
  return { id: "datasets", title: "Datasets", body: tableOf(datasetTable(report), "P@1 by dataset, %") };
}

/** A table of text as HTML. */
export function tableOf({ head, rows }: TextTable, caption: string): Html {
  return table({ caption, head, rows: rows.map(({ cells, strong }) => ({ cells, ...(strong === true && { strong }) })) });
}

function method({ facts, bootstrap, datasets: scored }: MmebReport): Section {
  const queries = scored.reduce((sum, dataset) => sum + dataset.queries, 0);
  const shown = [...facts, { label: "Queries", value: `${count(queries)} in ${scored.length} datasets` }];
  const body = html`<dl class="facts">
      ${shown.map(({ label, value }) => html`<div><dt>${label}</dt><dd>${value}</dd></div>` /* prettier-ignore */)}
    </dl>
    <p class="note">
      Candidates are the query's own list; the right one stood first in it and is found only if it scores strictly above all others.
      Candidates of the same text and image count as it. Intervals are percentile bootstrap intervals, ${count(bootstrap.resamples)}
      resamples of the queries within each dataset. Everything shown is in <code>report.json</code>.
    </p>`;
  return { id: "method", title: "What was run", body };
}
