import type { Estimate } from "../../bootstrap.ts";
import { heatCell, heatMapChart } from "../../report/charts/heat-map.ts";
import type { Chart } from "../../report/charts/render-chart.ts";
import { ABSENT, decimal, percent, percentInterval } from "../../report/format-number.ts";
import { html, type Html, type HtmlValue } from "../../report/html.ts";
import { figure, gallery, table, type Section, type TableRow } from "../../report/sections/parts.ts";
import type { ExplainedTask, Explanation, PathWeights } from "../explanation.ts";
import { labelWidth, summaries } from "./classes-section.ts";

/** How much of what the paths know together the ways of scoring use, and how the aggregate weighs them. */
export async function aggregationSection(explanation: Explanation): Promise<Section | undefined> {
  if (explanation.model.pathCount === 1) return undefined;
  const weighed = explanation.tasks.filter(hasWeights);
  const figures = weighed.length === 0 ? [] : [await figure(weightChart(weighed, explanation.model.pathCount), "Mean weight of each path in the queries' aggregates")]; // prettier-ignore
  const body = html`<p>
      The oracle picks each query's best path knowing the answer: a bound, no method. A way of scoring closes the gap to it by the share of
      the way that it goes from the mean of the paths: 0 % is no better than a path taken at random, 100 % as good as the oracle; below 0 is
      worse, and above 100 is possible, as the aggregate can be right where no path is.
    </p>
    ${gapTable(explanation)} ${gallery(figures)} ${weighed.length > 0 && weightTable(weighed)}
    <p class="note">
      Weights are found from the vectors: the aggregate is a weighted sum of the paths, brought to unit length. Where paths are too much
      alike, or the aggregate is no such sum, they cannot be told.
    </p>`;
  return { id: "aggregation", title: "The aggregate, and the best path of each query", body };
}

type WeighedTask = ExplainedTask & { readonly weights: PathWeights };

function hasWeights(task: ExplainedTask): task is WeighedTask {
  return task.weights !== null && task.weights.queries.inputs > 0;
}

function gapTable(explanation: Explanation): Html {
  const cell = (estimate: Estimate | null | undefined): HtmlValue =>
    estimate ? html`${percent(estimate.value)}<small>${percentInterval(estimate)}</small>` : ABSENT;
  const rows = summaries(explanation).map(({ name, summary: { gap }, strong }): TableRow => ({
    cells: [name, ...[gap?.meanPath, gap?.oracle, gap?.closed.aggregate, gap?.closed.all, gap?.closed.maxSim].map(cell)],
    strong,
  }));
  const head = ["Task", "Mean of the paths", "Oracle", "Closed by the aggregate", "by the aligned sum", "by MaxSim"];
  return table({
    caption: "P@1 in percent, and the share of the gap that is closed in percent; – where the two are not surely apart",
    head,
    rows,
  });
}

function weightChart(tasks: readonly WeighedTask[], pathCount: number): Chart {
  const names = tasks.map(({ name }) => name);
  return heatMapChart({
    id: "weights",
    description: `Heat map of the paths' mean weights: ${tasks.map(({ name, weights }) => `${name} ${weights.queries.mean.map((value) => decimal(value)).join(", ")}`).join("; ")}.`,
    rows: names,
    columns: Array.from({ length: pathCount }, (_, path) => (pathCount > 5 ? String(path) : `path ${path}`)),
    labelWidth: labelWidth(names),
    cell: { width: Math.max(34, Math.min(49, Math.floor(230 / pathCount))), height: 24 },
    cells: tasks.map(({ weights }) =>
      weights.queries.mean.map((value) => heatCell(value, decimal(value), [0, Math.min(1, 2 / pathCount)])),
    ),
  });
}

function weightTable(tasks: readonly WeighedTask[]): Html {
  const list = (means: readonly number[], deviations: readonly number[]): Html =>
    html`${means.map((value) => decimal(value)).join(", ")}<small>± ${deviations.map((value) => decimal(value, 3)).join(", ")}</small>`;
  const rows = tasks.map(({ name, weights: { queries, candidates, rightMinusWrong } }): TableRow => ({
    cells: [
      name,
      list(queries.mean, queries.deviation),
      list(candidates.mean, candidates.deviation),
      rightMinusWrong === null
        ? ABSENT
        : html`${decimal(rightMinusWrong.value, 3)}<small
              >${decimal(rightMinusWrong.low, 3)} to ${decimal(rightMinusWrong.high, 3)}</small
            >`,
      String(queries.unknown + candidates.unknown),
    ],
  }));
  const head = ["Task", "Queries", "Candidates", "Right minus wrong paths", "Unknown"];
  return table({ caption: "Weights of the paths, ± their standard deviation over inputs", head, rows });
}
