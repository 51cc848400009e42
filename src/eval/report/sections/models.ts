import { differenceChart } from "../charts/difference-chart.ts";
import { comparisonOf, modelOf, VIEW_NAMES } from "../find-in-report.ts";
import { ABSENT, decimal, points, pointsInterval } from "../format-number.ts";
import { html, type Html, type HtmlValue } from "../html.ts";
import type { Report, ReportModel, ScoreView } from "../report-types.ts";
import { figure, gallery, table, type Section, type TableRow } from "./parts.ts";
import { scoreCell } from "./tasks.ts";

const VIEWS: readonly ScoreView[] = ["single", "aggregate", "all", "maxSim", "oracle"];

const BY = { aggregate: "the aggregate", all: "all paths", single: "a single path" } as const;

/** All models beside the reference: paired differences, and every way of scoring. */
export async function models(report: Report): Promise<Section | undefined> {
  if (report.models.length < 2) return undefined;
  const reference = modelOf(report, report.reference);
  const charts = (["aggregate", "all", "single"] as const).flatMap((view) => {
    const comparisons = report.comparisons.filter(({ left, right }) => left.view === view && right.model === report.reference);
    return comparisons.length === 0 ? [] : [{ comparisons, id: `differences-${view}`, caption: `By ${BY[view]}, minus ${reference.name}` }];
  });
  const yardsticks = report.comparisons.filter(({ right }) => right.model !== report.reference);
  const caption = `All paths of ${modelOf(report, report.main).name}, minus a yardstick`;
  if (yardsticks.length > 0) charts.push({ comparisons: yardsticks, id: "yardsticks", caption });
  const figures = await Promise.all(charts.map((chart) => figure(differenceChart(report, chart.comparisons, chart.id), chart.caption)));
  const body = html`<p>
      Differences of the mean precision at 1, in points, with 95 % intervals. They are paired: both models answer the same resampled
      queries. A filled point has an interval that leaves out 0; a hollow one does not, and says that no difference was found.
    </p>
    ${gallery(figures)} ${viewTable(report)}
    <p class="note">
      The oracle picks each query's best path knowing the answer: a bound, not a method, and high for unrelated models too. MaxSim adds, for
      each path of the query, its best match among the candidate's paths.
    </p>
    ${seedTable(report)}`;
  return { id: "models", title: "Models and ways to score", body };
}

function viewTable(report: Report): Html {
  const rows = report.models.map((model): TableRow => {
    const cells = VIEWS.map((view): HtmlValue => {
      if (model.pathCount === 1 && view !== "aggregate") return ABSENT;
      return scoreCell(model.scores[view].means.all, comparisonOf(report, { model: model.id, view })?.means.all);
    });
    return { cells: [nameCell(model), ...cells], strong: model.id === report.main };
  });
  const head = ["Model", ...VIEWS.map((view) => VIEW_NAMES[view])];
  return table({ caption: "Mean precision at 1 in percent, by way of scoring", head, rows });
}

function nameCell(model: ReportModel): Html {
  return html`${model.name}<small>${model.description ?? `${model.pathCount} path${model.pathCount === 1 ? "" : "s"}`}</small>`;
}

function seedTable(report: Report): Html | undefined {
  if (report.models.every(({ seeds }) => seeds.length < 2)) return undefined;
  const rows = report.models.map((model): TableRow => {
    const { perSeed, standardDeviation } = model.scores.aggregate.means.all;
    const each = model.seeds.map((seed, index) => `${seed}: ${decimal((perSeed[index] ?? 0) * 100, 1)}`).join(", ");
    const difference = comparisonOf(report, { model: model.id, view: "aggregate" })?.means.all;
    const spread = standardDeviation === null ? ABSENT : decimal(standardDeviation * 100, 1);
    const text = difference === undefined ? ABSENT : html`${points(difference.value)}<small>${pointsInterval(difference)}</small>`;
    return { cells: [model.name, each, spread, text] };
  });
  const head = ["Model", "P@1 by seed", "Standard deviation", `Minus ${modelOf(report, report.reference).name}`];
  return table({ caption: "The aggregate's mean precision at 1, seed by seed", head, rows });
}
