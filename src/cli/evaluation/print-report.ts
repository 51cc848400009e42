import { modelOf } from "../../eval/report/find-in-report.ts";
import { percent } from "../../eval/report/format-number.ts";
import type { Report, ReportTask, ScoreView, ViewScores } from "../../eval/report/report-types.ts";
import { MEAN_NAMES } from "../../eval/report/result-rows.ts";
import { formatTable, type TableColumn } from "../terminal/table.ts";

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
  const baselines: TableColumn[] = [{ title: "chance", align: "right" }, { title: "best without a model" }];
  const table = scoreTable(report, views.map((view) => ({ title: pathCount === 1 ? "P@1" : TITLES[view], scores: scores[view] })), {
    columns: baselines,
    cellsOf: (task) => [percent(task.baselines[0]?.score ?? 0), bestBaseline(task)],
  }); // prettier-ignore
  const note = "±: half the 95 % interval.";
  if (pathCount === 1) return `${table}\n${note}`;
  const paths = modelOf(report, report.main).paths.map((own, path) => ({ title: `path ${path}`, scores: own }));
  return [table, scoreTable(report, paths, { columns: [], cellsOf: () => [] }), note].join("\n\n");
}

interface ScoreColumn {
  readonly title: string;
  readonly scores: ViewScores;
}

/** What a table tells of each task beside scores. */
interface FurtherColumns {
  readonly columns: readonly TableColumn[];
  readonly cellsOf: (task: ReportTask) => readonly string[];
}

/** Tasks, then means, by columns of scores. */
function scoreTable(report: Report, columns: readonly ScoreColumn[], further: FurtherColumns): string {
  const tasks = report.tasks.map((task, place) => [
    task.name,
    ...columns.map(({ scores }) => score(scores.tasks[place])),
    ...further.cellsOf(task),
  ]);
  const means = (["seen", "unseen", "all"] as const).flatMap((group) => {
    const cells = columns.map(({ scores }) => scores.means[group]);
    return cells.every((cell) => cell === null) ? [] : [[MEAN_NAMES[group], ...cells.map(score), ...further.columns.map(() => "")]];
  });
  const heads = columns.map(({ title }) => ({ title, align: "right" as const }));
  return formatTable([{ title: "Precision at 1, %" }, ...heads, ...further.columns], [...tasks, ...means]);
}

function score(estimate: { readonly value: number; readonly low: number; readonly high: number } | null | undefined): string {
  if (!estimate) return "";
  return `${percent(estimate.value)} ±${percent((estimate.high - estimate.low) / 2)}`;
}

function bestBaseline({ baselines: [, ...others] }: ReportTask): string {
  const [best] = others.toSorted((left, right) => right.score - left.score);
  return best === undefined ? "" : `${percent(best.score)} ${best.name}`;
}
