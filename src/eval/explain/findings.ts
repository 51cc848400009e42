import { pairValues, type PathMatrix } from "../../embed/diversity/path-matrix.ts";
import { mean, type Estimate } from "../bootstrap.ts";
import { findingOf } from "../report/find-in-report.ts";
import { decimal, percent, percentInterval, points, pointsInterval } from "../report/format-number.ts";
import type { Explanation, Preference } from "./explanation.ts";

/** A p-value below this is a finding. */
export const SIGNIFICANT = 0.05;

/** Preferences that hold after correction, the strongest first. */
export function surePreferences(preferences: readonly Preference[]): Preference[] {
  return preferences
    .filter(({ p }) => p < SIGNIFICANT)
    .toSorted((left, right) => left.p - right.p || Math.abs(right.difference.value) - Math.abs(left.difference.value));
}

/** What was found, as plain sentences; all wording comes from the numbers. */
export function describeFindings(explanation: Omit<Explanation, "findings">): string[] {
  const { model, means, tasks } = explanation;
  const precision = means.precision[0];
  if (model.pathCount === 1) {
    const rank = means.reciprocalRank[0];
    return [`The model answers ${shareOf(precision)} of the queries, on average over ${plural(tasks.length, "task")}; the mean reciprocal rank of the right candidate is ${decimal(rank?.value ?? null, 3)}.`]; // prettier-ignore
  }
  return [
    classes(explanation),
    alone(explanation),
    aggregate(explanation),
    agreement(explanation),
    gap(explanation),
    ...weights(explanation),
    ...preferences(explanation),
  ].filter((sentence) => sentence !== undefined);
}

function classes({ means, tasks, model }: Omit<Explanation, "findings">): string {
  const find = (name: string): Estimate | undefined => means.classes.find((each) => each.class === name);
  const only = means.classes.filter((each) => each.class.startsWith("only path "));
  const one = only.reduce((sum, { value }) => sum + value, 0);
  const several = model.pathCount > 2 ? `, several but not all ${shareOf(find("several paths"))}` : "";
  return `Over ${plural(tasks.length, "task")}, all ${model.pathCount} paths answer ${shareOf(find("all paths"))} of the queries${several}, one path alone ${percent(one)} %, and none ${shareOf(find("no path"))}.`;
}

function alone({ means }: Omit<Explanation, "findings">): string {
  const only = means.classes.filter((each) => each.class.startsWith("only path "));
  const parts = only.map((each) => {
    const path = each.class.slice("only ".length);
    return `${each.queries} by ${path} (${percent(each.value)} %; the aggregate answers ${each.aggregateRight} of them)`;
  });
  return `Queries found by one path alone: ${parts.join(", ")}.`;
}

function aggregate({ means: { rescued, lost } }: Omit<Explanation, "findings">): string {
  return `The aggregate is right though no path is on ${plural(rescued.queries, "query", "queries")}, ${shareOf(rescued)}, and wrong though a path is right on ${lost.queries}, ${shareOf(lost)}.`;
}

function agreement({ agreement: found, model: { pathCount } }: Omit<Explanation, "findings">): string | undefined {
  if (found === null) return undefined;
  const [same, rank] = [betweenPaths(found.sameFirst, pathCount), betweenPaths(found.rankCorrelation, pathCount)];
  const range = (values: readonly number[], write: (value: number) => string): string =>
    values.length === 1 ? "" : `, ${write(Math.min(...values))} to ${write(Math.max(...values))} by pair`;
  return `Two paths put the same candidate first on ${percent(mean(same))} % of the queries${range(same, percent)}; the rank correlation of their scores is ${decimal(mean(rank))}${range(rank, (value) => decimal(value))}.`;
}

function gap({ means }: Omit<Explanation, "findings">): string | undefined {
  if (means.gap === null) return undefined;
  const { meanPath, oracle, closed } = means.gap;
  const bounds = `A path alone answers ${percent(meanPath.value)} % on average, the best path of each query, chosen with the answer known, ${percent(oracle.value)} %`;
  if (closed.aggregate === null || closed.all === null) return `${bounds}: the two are not surely apart.`;
  const way = (name: string, estimate: Estimate): string => {
    const doubt = findingOf(estimate) === "no difference found" ? ", which may be nothing" : "";
    return `${name} ${percent(estimate.value)} % (${percentInterval(estimate)}${doubt})`;
  };
  return `${bounds}. Of that gap ${way("the aggregate closes", closed.aggregate)}, ${way("the aligned sum", closed.all)}.`;
}

function weights({ tasks, model: { pathCount } }: Omit<Explanation, "findings">): string[] {
  const known = tasks.flatMap((task) => (task.weights !== null && task.weights.queries.inputs > 0 ? [task.weights] : []));
  if (known.length === 0) return ["The weights of the paths in the aggregate cannot be told from the vectors: paths are too much alike, or the aggregate is no weighted sum of them."]; // prettier-ignore
  const means = Array.from({ length: pathCount }, (_, path) => mean(known.map(({ queries }) => queries.mean[path] ?? 0)));
  const deviation = mean(known.flatMap(({ queries }) => queries.deviation));
  const equal = deviation < 0.001 && means.every((each) => Math.abs(each - 1 / pathCount) < 0.001);
  if (equal) return ["The aggregate is the plain mean of the paths."];
  const sure = known.flatMap(({ rightMinusWrong }) => rightMinusWrong ?? []);
  const signs = (finding: string): number => sure.filter((each) => findingOf(each) === finding).length;
  const told = `The aggregate weighs the paths ${means.map((each, path) => `${path}: ${decimal(each)}`).join(", ")} (standard deviation over the queries of a task ${decimal(deviation, 3)}).`;
  if (sure.length === 0) return [told];
  const more = mean(sure.map(({ value }) => value));
  return [
    told,
    `Where paths differ in being right, those that are right weigh ${decimal(Math.abs(more), 3)} ${more < 0 ? "less" : "more"} than those that are wrong (surely more on ${signs("higher")} of ${plural(sure.length, "task")}, surely less on ${signs("lower")}).`,
  ];
}

function preferences({ preferences: all }: Omit<Explanation, "findings">): string[] {
  if (all.length === 0) return ["What each path prefers is not told: no task has 20 queries."];
  const sure = surePreferences(all).filter(({ difference }) => difference.value > 0);
  const tested = new Set(all.map(({ kind, name }) => `${kind} ${name}`)).size;
  if (sure.length === 0)
    return [
      `No path is found to be better than the others on any of ${tested} tasks, families and labels, after correction for their number.`,
    ];
  return sure
    .slice(0, 6)
    .map(
      ({ path, kind, name, difference, p }) =>
        `Path ${path} is better than the mean of the others on the ${kind} ${name}: ${points(difference.value)} points (${pointsInterval(difference)}; p ${decimal(p, 4)}, corrected).`,
    );
}

/** The values of pairs of paths, the aggregate left out. */
function betweenPaths(matrix: PathMatrix, pathCount: number): number[] {
  return pairValues(matrix.slice(0, pathCount).map((row) => row.slice(0, pathCount)));
}

/** `31.4 % (29.0 to 33.8)` */
function shareOf(estimate: Estimate | undefined): string {
  return estimate === undefined ? "none" : `${percent(estimate.value)} % (${percentInterval(estimate)})`;
}

function plural(count: number, one: string, several = `${one}s`): string {
  return `${count} ${count === 1 ? one : several}`;
}
