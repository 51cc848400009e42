import { pairChart } from "../charts/pair-chart.ts";
import { heatMapChart, shiftCell, type HeatMap } from "../charts/heat-map.ts";
import { taskLabel } from "../charts/task-bars.ts";
import { curveChart, pathLines } from "../charts/curve-chart.ts";
import type { Chart } from "../charts/render-chart.ts";
import { mean, type Estimate } from "../../bootstrap.ts";
import { COLLAPSE_THRESHOLD, type CollapseVerdict } from "../../../embed/diversity/collapse-verdict.ts";
import { pairMean } from "../../../embed/diversity/path-matrix.ts";
import { modelOf } from "../find-in-report.ts";
import { decimal, percent } from "../format-number.ts";
import { html, type Html } from "../html.ts";
import type { ModelDiversity, Report, ReportModel } from "../report-types.ts";
import { MEAN_NAMES } from "../result-rows.ts";
import { lineLegend } from "./line-legend.ts";
import { figure, folded, gallery, legend, swatch, table, type Section, type TableRow } from "./parts.ts";
import { scoreCell } from "./tasks.ts";

/** What each path is good at, and how different the paths are. */
export async function paths(report: Report): Promise<Section | undefined> {
  const main = modelOf(report, report.main);
  const diversity = report.diversity.find(({ model }) => model === main.id);
  if (main.pathCount === 1 && diversity === undefined) return undefined;
  const strengths = main.pathCount === 1 ? [] : await strengthFigures(report, main);
  const matrices =
    diversity === undefined ? [] : await Promise.all(diversityCharts(diversity).map(([chart, caption]) => figure(chart, caption)));
  const seed = main.seeds[0] ?? 0;
  const body = html`<p>
      Paths of different seeds do not correspond, so these pictures are of one run${main.seeds.length > 1 && ` (seed ${seed})`}. In the
      first, the colour says how far a path lies above or below the mean of the paths in that task.
    </p>
    ${gallery(strengths)} ${main.pathCount > 1 && folded("Each path alone, with intervals", pathTable(report, main))}
    ${gallery(matrices, "narrow")} ${diversityTable(report)}
    <p class="note">
      The rank correlation of the scores decides: above ${decimal(COLLAPSE_THRESHOLD)} paths count as one. The raw cosine misleads, for a
      constant offset per path lowers it while all paths go on ranking alike. CKA is biased upwards where inputs are few.
    </p>`;
  return { id: "paths", title: "Paths", body };
}

async function strengthFigures(report: Report, main: ReportModel): Promise<Html[]> {
  const map = await figure(pathsByTasks(report, main), "P@1 in percent by path and task", legend(SHIFT_LEGEND));
  const lines = pathLines(report, main.id);
  if (lines.length === 0) return [map];
  const chart = curveChart(lines, "precision", { id: "path-precision", what: "validation P@1 of each path" });
  return [map, await figure(chart, "P@1 of each path on validation, by step", lineLegend(lines))];
}

const SHIFT_LEGEND = [
  {
    swatch: swatch('<path d="M0 1h12v10H0z" fill="var(--shift-0)"/><path d="M14 1h12v10H14z" fill="var(--shift-1)"/>'),
    label: "below the task's mean",
  },
  { swatch: swatch('<path d="M0 1h12v10H0z" fill="var(--shift-5)"/><path d="M14 1h12v10H14z" fill="var(--shift-6)"/>'), label: "above it" },
];

function pathsByTasks(report: Report, main: ReportModel): Chart {
  const means = pathMeans(main);
  const ofTasks = report.tasks.map((_, task) => main.paths.map((path) => path.tasks[task]?.value ?? 0));
  const scores = [...ofTasks, ...means.map((group) => group.means.map(({ value }) => value))];
  const shifts = scores.map((row) => row.map((score) => score - mean(row)));
  const reach = Math.max(0.005, ...shifts.flat().map(Math.abs));
  const labels = [...report.tasks.map((task, index) => `${taskLabel(report, index)}, ${task.concepts}`), ...means.map(({ name }) => name)];
  const map: HeatMap = {
    id: "paths-by-tasks",
    description: `Heat map of precision at 1 by path and task: ${labels.map((label, index) => `${label} ${scores[index]?.map(percent).join(", ")}`).join("; ")}.`,
    rows: labels,
    columns: main.paths.map((_, path) => (main.paths.length > 5 ? String(path) : `path ${path}`)),
    labelWidth: Math.ceil(Math.min(204, Math.max(120, ...labels.map((label) => 6.1 * label.length)))),
    cell: { width: Math.max(34, Math.min(49, Math.floor(230 / main.paths.length))), height: 26 },
    cells: scores.map((row, task) => row.map((score, path) => shiftCell(shifts[task]?.[path] ?? 0, percent(score), reach))),
  };
  return heatMapChart(map);
}

const GROUPS = ["seen", "unseen", "all"] as const;

/** Groups of tasks that there are, with each path's mean over them. */
function pathMeans({ paths }: ReportModel): { readonly name: string; readonly means: readonly Estimate[] }[] {
  return GROUPS.flatMap((group) => {
    const means = paths.flatMap((path) => path.means[group] ?? []);
    return means.length === 0 ? [] : [{ name: MEAN_NAMES[group], means }];
  });
}

function pathTable(report: Report, main: ReportModel): Html {
  const rows = report.tasks.map((task, index): TableRow => ({ cells: [`${taskLabel(report, index)}, ${task.concepts}`, ...main.paths.map((path) => scoreCell(path.tasks[index]))] })); // prettier-ignore
  const means = pathMeans(main).map(({ name, means: all }): TableRow => ({ cells: [name, ...all.map((each) => scoreCell(each))], strong: true })); // prettier-ignore
  const head = ["Task", ...main.paths.map((_, path) => `path ${path}`)];
  return table({ caption: "P@1 of each path alone in percent, with 95 % intervals", head, rows: [...rows, ...means] });
}

function diversityCharts(diversity: ModelDiversity): [Chart, string][] {
  return [
    [
      pairChart({ id: "rank-correlation", what: "rank correlation of scores", matrix: diversity.rankCorrelation }),
      "Rank correlation of scores",
    ],
    [pairChart({ id: "centred-cosine", what: "centred cosine", matrix: diversity.centredCosine }), "Centred cosine"],
    [pairChart({ id: "cka", what: "linear CKA", matrix: diversity.cka }), "Linear CKA"],
  ];
}

function diversityTable(report: Report): Html | undefined {
  if (report.diversity.length === 0) return undefined;
  const rows = report.models.flatMap((model): TableRow[] => {
    const runs = report.diversity.filter((run) => run.model === model.id);
    if (runs.length === 0) return [];
    const measure = (pick: (run: ModelDiversity) => number | null): string => decimal(meanOfKnown(runs.map(pick)));
    const cells = [
      verdicts(runs),
      measure((run) => pairMean(run.rankCorrelation)),
      measure((run) => pairMean(run.centredCosine)),
      measure((run) => pairMean(run.cka)),
      measure((run) => pairMean(run.rawCosine)),
      measure((run) => run.mutualInformation?.vclub ?? null),
      html`${measure((run) => run.mutualInformation?.heldOutLogLikelihood ?? null)}${deadEstimators(runs)}`,
    ];
    const seeds = html`${model.name}<small>${runs.length} seed${runs.length === 1 ? "" : "s"}</small>`;
    return [{ cells: [seeds, ...cells], strong: model.id === report.main }];
  });
  const head = ["Model", "Verdict", "Rank correlation", "Centred cosine", "CKA", "Raw cosine", "vCLUB, nats", "Held-out log-likelihood"];
  return table({ caption: "Diversity of paths: means over pairs and seeds", head, rows });
}

const VERDICTS: Readonly<Record<CollapseVerdict, string>> = {
  distinct: "distinct",
  "partly-collapsed": "partly collapsed",
  collapsed: "collapsed",
  "single-path": "one path",
};

function verdicts(runs: readonly ModelDiversity[]): string {
  const different = [...new Set(runs.map(({ verdict }) => verdict))];
  if (different.length === 1) return VERDICTS[different[0] as CollapseVerdict];
  return different.map((verdict) => `${VERDICTS[verdict]} in ${runs.filter((run) => run.verdict === verdict).length}`).join(", ");
}

function deadEstimators(runs: readonly ModelDiversity[]): Html | undefined {
  const dead = runs.filter(({ mutualInformation }) => mutualInformation?.alive === false).length;
  return dead === 0 ? undefined : html`<small>dead in ${dead} of ${runs.length}: the bound means nothing</small>`;
}

function meanOfKnown(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : mean(known);
}
