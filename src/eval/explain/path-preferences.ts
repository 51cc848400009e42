import { present } from "../../errors/families.ts";
import { estimate, mean, QueryResampler, type BootstrapOptions } from "../bootstrap.ts";
import type { ExplainedQuery, Preference, PreferenceKind } from "./explanation.ts";
import { familyWiseSignificance } from "./family-wise.ts";
import type { SummedTask } from "./task-replicates.ts";

/** Fewer queries than this say nothing about what a path prefers. */
export const LEAST_QUERIES = 20;

/** What preferences are found among. */
export interface PreferenceTask extends SummedTask {
  readonly family: string;
}

interface Group {
  readonly kind: PreferenceKind;
  readonly name: string;
  readonly queries: readonly ExplainedQuery[];
}

/**
 * Each path beside the mean of the others, on the queries of each task, of each family of several tasks, and of each label, as far as these are 20 or more:
 * difference of P@1, its interval, and a p-value that is corrected for all paths and groups of the kind. Nothing for one path.
 */
export function pathPreferences(tasks: readonly PreferenceTask[], options: BootstrapOptions): Preference[] {
  const pathCount = tasks[0]?.pathCount ?? 1;
  if (pathCount === 1) return [];
  const groups = [...taskGroups(tasks), ...familyGroups(tasks), ...labelGroups(tasks)].filter(
    ({ queries }) => queries.length >= LEAST_QUERIES,
  );
  return (["task", "family", "label"] as const).flatMap((kind) => {
    const tested = groups.filter((group) => group.kind === kind).flatMap((group) => comparePaths(group, pathCount, options));
    const p = familyWiseSignificance(tested.map(({ replicates, queries }) => ({ replicates, queries: queries.length })));
    return tested.map(({ queries, replicates, ...preference }, place) => ({
      ...preference,
      queries: queries.length,
      difference: estimate(replicates),
      p: present(p[place], "a p-value"),
    }));
  });
}

function comparePaths({ kind, name, queries }: Group, pathCount: number, options: BootstrapOptions): TestedPreference[] {
  const resampler = new QueryResampler(`${kind} ${name}`, queries.length, options);
  const hits = Array.from({ length: pathCount }, (_, path) => queries.map(({ ranks }) => Number(ranks[1 + path] === 1)));
  return hits.map((own, path) => {
    const others = queries.map((_, query) => mean(hits.filter((__, other) => other !== path).map((list) => list[query] ?? 0)));
    const replicates = resampler.replicate(own.map((hit, query) => hit - (others[query] ?? 0)));
    return { path, kind, name, queries, precision: mean(own), others: mean(others), replicates };
  });
}

interface TestedPreference extends Pick<Preference, "path" | "kind" | "name" | "precision" | "others"> {
  readonly queries: readonly ExplainedQuery[];
  readonly replicates: ReturnType<QueryResampler["replicate"]>;
}

function taskGroups(tasks: readonly PreferenceTask[]): Group[] {
  return tasks.map(({ name, queries }) => ({ kind: "task", name, queries }));
}

/** Families of several tasks, where there are several families. */
function familyGroups(tasks: readonly PreferenceTask[]): Group[] {
  const families = groupBy(tasks, ({ family }) => family);
  if (families.size === 1) return [];
  return [...families].flatMap(([name, members]): Group[] =>
    members.length === 1 ? [] : [{ kind: "family", name, queries: members.flatMap(({ queries }) => queries) }],
  );
}

function labelGroups(tasks: readonly PreferenceTask[]): Group[] {
  const queries = tasks.flatMap((task) => task.queries.flatMap((query) => (query.label === null ? [] : [{ label: query.label, query }])));
  return [...groupBy(queries, ({ label }) => label)].map(([name, members]) => ({
    kind: "label",
    name,
    queries: members.map(({ query }) => query),
  }));
}

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}
