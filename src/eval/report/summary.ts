import type { Estimate } from "../bootstrap.ts";
import { COLLAPSE_THRESHOLD } from "../../embed/diversity/collapse-verdict.ts";
import { pairMean } from "../../embed/diversity/path-matrix.ts";
import { comparisonOf, findingOf, modelOf, VIEW_NAMES } from "./find-in-report.ts";
import { count, decimal, percent, points, pointsInterval, times } from "./format-number.ts";
import type { EmbeddingView, Report, ReportModel, ScoreView } from "./report-types.ts";

/**
 * What the report found, as plain sentences. All wording comes from the numbers: a difference whose interval covers 0 is never
 * called one, and no method is assumed to win.
 */
export function summarise(report: Report): string[] {
  const sentences = [
    headline(report),
    ...otherViews(report),
    groups(report),
    seeds(report),
    ...yardsticks(report),
    baselines(report),
    diversity(report),
    estimator(report),
    cost(report),
  ];
  return sentences.filter((sentence) => sentence !== undefined);
}

/** The finding about the main model's aggregate (its only vector, for a single-path model). */
export function headline(report: Report): string {
  const [reference, main] = [modelOf(report, report.reference), modelOf(report, report.main)];
  const score = percent(main.scores.aggregate.means.all.value);
  const over = `on average over ${plural(report.tasks.length, "task")}`;
  const comparison = comparisonOf(report, { model: main.id, view: "aggregate" });
  if (comparison === undefined) return `${main.name} reaches a precision at 1 of ${score} % ${over}.`;
  const difference = comparison.means.all;
  const other = percent(reference.scores.aggregate.means.all.value);
  const numbers = `${score} % against ${other} % ${over}, a difference of ${pointsOf(difference)}`;
  const name = main.pathCount === 1 ? main.name : `${main.name} (aggregate)`;
  switch (findingOf(difference)) {
    case "higher":
      return `${name} scores higher than ${reference.name}: ${numbers}.`;
    case "lower":
      return `${name} scores lower than ${reference.name}: ${numbers}.`;
    case "no difference found":
      return `No difference was found between ${name} and ${reference.name}: ${numbers}, and that interval covers 0.`;
  }
}

function otherViews(report: Report): string[] {
  const main = modelOf(report, report.main);
  const reference = modelOf(report, report.reference);
  const views: ScoreView[] = ["all", "single"];
  return views.flatMap((view) => {
    const difference = comparisonOf(report, { model: main.id, view })?.means.all;
    if (difference === undefined) return [];
    const how = view === "all" ? `Scored by all ${main.pathCount} paths together` : "By a single path alone";
    return [`${how}, ${main.name} reaches ${percent(main.scores[view].means.all.value)} %: ${against(difference, reference.name)}.`];
  });
}

function groups(report: Report): string | undefined {
  const means = comparisonOf(report, { model: report.main, view: "aggregate" })?.means;
  if (!means?.seen || !means.unseen) return undefined;
  const reference = modelOf(report, report.reference).name;
  return `On concepts seen in training the aggregate is ${against(means.seen, reference)}; on unseen concepts, ${against(means.unseen, reference)}.`;
}

function seeds(report: Report): string {
  const models = [...new Set([report.reference, report.main])].map((id) => modelOf(report, id));
  const fewest = Math.min(...models.map((model) => model.seeds.length));
  if (fewest < 2) {
    return "With one training seed, the intervals cover the luck of the queries but not the luck of training: another seed may move these differences.";
  }
  const spreads = models.map((model) => `${decimal((model.scores.aggregate.means.all.standardDeviation ?? 0) * 100, 1)} for ${model.name}`);
  const number = models.every((model) => model.seeds.length === fewest) ? count(fewest) : `at least ${count(fewest)}`;
  return `Each was trained with ${number} seeds; from seed to seed the mean score varied by (standard deviation, points) ${spreads.join(" and ")}. The intervals cover both queries and seeds.`;
}

function yardsticks(report: Report): string[] {
  const main = modelOf(report, report.main);
  return report.models.flatMap((model) => {
    const comparison = comparisonOf(report, { model: main.id, view: "all" }, { model: model.id, view: "all" });
    if (comparison === undefined) return [];
    const score = percent(model.scores.all.means.all.value);
    return [`The yardstick “${model.name}” reaches ${score} %: all paths of ${main.name} are ${against(comparison.means.all, "it")}.`];
  });
}

function baselines(report: Report): string | undefined {
  const main = modelOf(report, report.main);
  const weak = report.tasks.filter((task, index) => {
    const low = main.scores.aggregate.tasks[index]?.low ?? 0;
    return low <= Math.max(...task.baselines.map(({ score }) => score));
  });
  if (report.tasks.length === 0) return undefined;
  const name = main.pathCount === 1 ? main.name : `The aggregate of ${main.name}`;
  if (weak.length === 0) return `${name} is above every simple baseline on every task, interval included.`;
  const list = weak.map((task) => task.name).join(", ");
  return `${name} is not clearly above the best simple baseline on ${count(weak.length)} of ${plural(report.tasks.length, "task")}: ${list}.`;
}

function diversity(report: Report): string | undefined {
  const main = modelOf(report, report.main);
  const runs = report.diversity.filter(({ model }) => model === main.id);
  const first = runs[0];
  if (first === undefined) return undefined;
  const correlation = decimal(pairMean(first.rankCorrelation));
  const threshold = decimal(COLLAPSE_THRESHOLD);
  const where = runs.length > 1 ? ` (seed ${first.seed})` : "";
  const collapsed = "Raise the initial scale of the prefixes, the weight of the term that keeps paths apart, or the paths' own loss.";
  switch (first.verdict) {
    case "distinct":
      return `The ${main.pathCount} paths rank candidates differently: their rank correlation is ${correlation} on average${where}, and only above ${threshold} would they count as one.`;
    case "partly-collapsed":
      return `Some of the ${main.pathCount} paths have collapsed into one: at least one pair's rank correlation is above ${threshold} (${correlation} on average)${where}. ${collapsed}`;
    case "collapsed":
      return `The ${main.pathCount} paths have collapsed: they rank candidates alike (rank correlation ${correlation} on average, above ${threshold})${where}, so N vectors say no more than one. ${collapsed}`;
    case "single-path":
      return undefined;
  }
}

function estimator(report: Report): string | undefined {
  const dead = report.diversity.find(({ model, mutualInformation }) => model === report.main && mutualInformation?.alive === false);
  if (dead === undefined) return undefined;
  return `The estimator of mutual information was dead in seed ${dead.seed}: it predicted no better than one that ignores its input, so its bound means nothing and its term had no effect.`;
}

function cost(report: Report): string | undefined {
  const [reference, main] = [modelOf(report, report.reference), modelOf(report, report.main)];
  if (main.id === reference.id) return undefined;
  const training = ratio(main.cost.trainingSeconds, reference.cost.trainingSeconds);
  const parts = [
    training === undefined ? undefined : `Training took ${times(training)} the time of ${reference.name}`,
    embeddingCost(main, reference),
  ].filter((part) => part !== undefined);
  if (parts.length === 0) return undefined;
  const text = parts.join("; ");
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function embeddingCost(main: ReportModel, reference: ReportModel): string | undefined {
  const views: EmbeddingView[] = main.pathCount === 1 ? ["aggregate"] : ["single", "aggregate", "all"];
  const ratios = views.flatMap((view) => {
    const value = ratio(main.cost.embeddingMs[view], reference.cost.embeddingMs.aggregate);
    return value === undefined ? [] : [`${times(value)} (${VIEW_NAMES[view]})`];
  });
  return ratios.length === 0 ? undefined : `embedding an input takes ${ratios.join(", ")} the time of ${reference.name}`;
}

/** `+0.7 points (95 % interval −0.3 to +1.7)` */
function pointsOf(difference: Estimate): string {
  return `${points(difference.value)} points (95 % interval ${pointsInterval(difference)})`;
}

/** A phrase that follows `is` or a colon. */
function against(difference: Estimate, name: string): string {
  const interval = `${points(difference.value)} points, 95 % interval ${pointsInterval(difference)}`;
  const finding = findingOf(difference);
  return finding === "no difference found" ? `not found to differ from ${name} (${interval})` : `${finding} than ${name} (${interval})`;
}

function ratio(value: number | null, base: number | null): number | undefined {
  return value === null || base === null || base === 0 ? undefined : value / base;
}

function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}
