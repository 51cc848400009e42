/**
 * Which paths answer a query, each alone: every one; more than one but not every one; one alone; none. With one path there are only `all paths` and
 * `no path`.
 */
export type QueryClass = "all paths" | "several paths" | `only path ${number}` | "no path";

/** The class of a query. @param right for each path, whether it answers it. */
export function classify(right: readonly boolean[]): QueryClass {
  const count = right.filter(Boolean).length;
  if (count === 0) return "no path";
  if (count === right.length) return "all paths";
  return count === 1 ? `only path ${right.indexOf(true)}` : "several paths";
}

/** Every class that a model's queries can have, from the most agreement to the least. */
export function queryClasses(pathCount: number): QueryClass[] {
  if (pathCount === 1) return ["all paths", "no path"];
  const only = Array.from({ length: pathCount }, (_, path): QueryClass => `only path ${path}`);
  return ["all paths", ...(pathCount > 2 ? (["several paths"] as const) : []), ...only, "no path"];
}
