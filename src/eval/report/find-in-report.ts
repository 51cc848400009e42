import { present } from "../../errors/families.ts";
import type { Estimate } from "../bootstrap.ts";
import type { Comparison, Report, ReportModel, ScoredModel, ScoreView } from "./report-types.ts";

/** A column of the main table: one way of using one model. */
export interface ResultColumn extends ScoredModel {
  readonly label: string;
  /** What is left of the label where the model's name does not fit: its view. */
  readonly shortLabel: string;
}

/** What an interval of a difference says. */
export type Finding = "higher" | "lower" | "no difference found";

/** The model of that id. */
export function modelOf(report: Report, id: string): ReportModel {
  return present(
    report.models.find((model) => model.id === id),
    `model ${id} of the report`,
  );
}

/** The comparison of a model in one view with the reference; undefined if none was made. */
export function comparisonOf(report: Report, left: ScoredModel, right?: ScoredModel): Comparison | undefined {
  const other = right ?? { model: report.reference, view: "aggregate" };
  return report.comparisons.find((entry) => sameScored(entry.left, left) && sameScored(entry.right, other));
}

/** The columns of the main table: the reference, and the main model by a single path, the aggregate and all paths. */
export function resultColumns(report: Report): ResultColumn[] {
  const [reference, main] = [modelOf(report, report.reference), modelOf(report, report.main)];
  const first: ResultColumn = { model: reference.id, view: "aggregate", label: reference.name, shortLabel: reference.name };
  if (main.id === reference.id) return [first];
  const views: ScoreView[] = main.pathCount === 1 ? ["aggregate"] : ["single", "aggregate", "all"];
  const label = (view: ScoreView): string => (main.pathCount === 1 ? main.name : `${main.name} ${view}`);
  return [
    first,
    ...views.map((view) => ({ model: main.id, view, label: label(view), shortLabel: main.pathCount === 1 ? main.name : VIEW_NAMES[view] })),
  ];
}

/** The columns' labels if all of them fit, else their short ones, so that they stay alike. */
export function columnLabels(columns: readonly ResultColumn[], characters: number): string[] {
  const fits = columns.every(({ label }) => label.length <= characters);
  return columns.map(({ label, shortLabel }) => (fits ? label : shortLabel));
}

/** What the interval of a difference says: nothing is called a difference whose interval covers 0. */
export function findingOf({ low, high }: Estimate): Finding {
  if (low > 0) return "higher";
  if (high < 0) return "lower";
  return "no difference found";
}

/** The name of a view in prose. */
export const VIEW_NAMES: Readonly<Record<ScoreView, string>> = {
  single: "single path",
  aggregate: "aggregate",
  all: "all paths",
  maxSim: "MaxSim",
  oracle: "oracle best path",
};

function sameScored(left: ScoredModel, right: ScoredModel): boolean {
  return left.model === right.model && left.view === right.view;
}
