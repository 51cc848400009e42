import { modelOf } from "../../eval/report/find-in-report.ts";
import { percent } from "../../eval/report/format-number.ts";
import type { Report, ReportTask, ScoreView } from "../../eval/report/report-types.ts";
import { MEAN_NAMES } from "../../eval/report/result-rows.ts";
import { formatTable } from "../terminal/table.ts";

const TITLES: Readonly<Record<ScoreView, string>> = {
  single: "one path",
  aggregate: "aggregate",
  all: "all paths",
  maxSim: "MaxSim",
  oracle: "oracle",
};

/** One model's scores for people: every task by every way of scoring, and the best that needs no model. */
export function printReport(report: Report): string {
  const { scores, pathCount } = modelOf(report, report.main);
  const views: ScoreView[] = pathCount === 1 ? ["aggregate"] : ["single", "aggregate", "all", "maxSim", "oracle"];
  const tasks = report.tasks.map((task, place) => [
    task.name,
    ...views.map((view) => score(scores[view].tasks[place])),
    percent(task.baselines[0]?.score ?? 0),
    bestBaseline(task),
  ]);
  const means = (["seen", "unseen", "all"] as const).flatMap((group) => {
    const cells = views.map((view) => scores[view].means[group]);
    return cells.every((cell) => cell === null) ? [] : [[MEAN_NAMES[group], ...cells.map(score), "", ""]];
  });
  const columns = views.map((view) => ({ title: pathCount === 1 ? "P@1" : TITLES[view], align: "right" as const }));
  const table = formatTable(
    [{ title: "Precision at 1, %" }, ...columns, { title: "chance", align: "right" }, { title: "best without a model" }],
    [...tasks, ...means],
  );
  return `${table}\n±: half the 95 % interval.`;
}

function score(estimate: { readonly value: number; readonly low: number; readonly high: number } | null | undefined): string {
  if (!estimate) return "";
  return `${percent(estimate.value)} ±${percent((estimate.high - estimate.low) / 2)}`;
}

function bestBaseline({ baselines: [, ...others] }: ReportTask): string {
  const [best] = others.toSorted((left, right) => right.score - left.score);
  return best === undefined ? "" : `${percent(best.score)} ${best.name}`;
}
