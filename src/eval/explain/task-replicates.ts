import { present } from "../../errors/families.ts";
import {
  difference,
  estimate,
  meanOverTasks,
  QueryResampler,
  ratio,
  type BootstrapOptions,
  type Estimate,
  type Replicates,
} from "../bootstrap.ts";
import type { CountedShare, ExplainedQuery, OracleGap, TaskSummary } from "./explanation.ts";
import { queryClasses } from "./query-class.ts";

/** What a task's queries are summed up by, resampled: shares and means by their names. */
export type NamedReplicates = Readonly<Record<string, Replicates>>;

/** How many queries there are of what. */
export type NamedCounts = Readonly<Record<string, number>>;

/** What a task is summed up from. */
export interface SummedTask {
  readonly name: string;
  readonly pathCount: number;
  readonly queries: readonly ExplainedQuery[];
}

/** Resamples a task's queries once, for everything it is summed up by. */
export function replicateTask({ name, pathCount, queries }: SummedTask, options: BootstrapOptions): NamedReplicates {
  const resampler = new QueryResampler(name, queries.length, options);
  const outcomes = outcomesOf(queries, pathCount);
  return Object.fromEntries(Object.entries(outcomes).map(([what, list]) => [what, resampler.replicate(list)]));
}

/** The same over several tasks, each counting alike. */
export function replicateMeans(tasks: readonly NamedReplicates[]): NamedReplicates {
  const names = Object.keys(tasks[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, meanOverTasks(tasks.map((task) => present(task[name], name)))]));
}

/** How many queries of some tasks each outcome is true of. */
export function countOutcomes(tasks: readonly SummedTask[]): NamedCounts {
  const counts: Record<string, number> = {};
  for (const { queries, pathCount } of tasks) {
    for (const [name, list] of Object.entries(outcomesOf(queries, pathCount))) {
      counts[name] = (counts[name] ?? 0) + list.reduce((sum, value) => sum + value, 0);
    }
  }
  return { ...counts, queries: tasks.reduce((sum, { queries }) => sum + queries.length, 0) };
}

/** The summary that replicates and counts give. @param viewCount how many ways of scoring there are. */
export function summaryOf(replicates: NamedReplicates, counts: NamedCounts, pathCount: number): TaskSummary {
  const of = (name: string): Estimate => estimate(present(replicates[name], name));
  const share = (name: string): CountedShare => ({ queries: counts[name] ?? 0, ...of(name) });
  const views = Object.keys(replicates).filter((name) => name.startsWith("view "));
  return {
    queries: counts["queries"] ?? 0,
    precision: views.map(of),
    reciprocalRank: views.map((view) => of(`reciprocal ${view}`)),
    classes: queryClasses(pathCount).map((name) => ({
      class: name,
      ...share(name),
      aggregateRight: counts[`${name}, aggregate right`] ?? 0,
    })),
    rescued: share("rescued"),
    lost: share("lost"),
    gap: pathCount === 1 ? null : gapOf(replicates, pathCount),
  };
}

/** One number per query for everything that is told of a task. Views are numbered as the queries' ranks are. */
function outcomesOf(queries: readonly ExplainedQuery[], pathCount: number): Record<string, Float64Array> {
  const list = (valueOf: (query: ExplainedQuery) => number | boolean): Float64Array =>
    Float64Array.from(queries, (query) => Number(valueOf(query)));
  const views = [...(queries[0]?.ranks.keys() ?? [])];
  const aggregateRight = ({ ranks }: ExplainedQuery): boolean => ranks[0] === 1;
  const isNone = (query: ExplainedQuery): boolean => query.class === "no path";
  const classes = queryClasses(pathCount);
  return {
    ...Object.fromEntries(views.map((view) => [`view ${view}`, list(({ ranks }) => ranks[view] === 1)])),
    ...Object.fromEntries(views.map((view) => [`reciprocal view ${view}`, list(({ ranks }) => 1 / (ranks[view] ?? Infinity))])),
    ...Object.fromEntries(classes.map((name) => [name, list((query) => query.class === name)])),
    ...Object.fromEntries(
      classes.map((name) => [`${name}, aggregate right`, list((query) => query.class === name && aggregateRight(query))]),
    ),
    rescued: list((query) => isNone(query) && aggregateRight(query) && pathCount > 1),
    lost: list((query) => !isNone(query) && !aggregateRight(query)),
    oracle: list((query) => !isNone(query)),
  };
}

function gapOf(replicates: NamedReplicates, pathCount: number): OracleGap {
  const view = (index: number): Replicates => present(replicates[`view ${index}`], `view ${index}`);
  const meanPath = meanOverTasks(Array.from({ length: pathCount }, (_, path) => view(1 + path)));
  const oracle = present(replicates["oracle"], "oracle");
  const whole = difference(oracle, meanPath);
  const isOpen = estimate(whole).low > 0;
  const closed = (index: number): Estimate | null => (isOpen ? estimate(ratio(difference(view(index), meanPath), whole)) : null);
  return {
    meanPath: estimate(meanPath),
    oracle: estimate(oracle),
    closed: { aggregate: closed(0), all: closed(pathCount + 1), maxSim: closed(pathCount + 2) },
  };
}
