/** A field in which recipes differ. */
export interface FieldDifference {
  /** `optimizer.learningRate` */
  readonly field: string;
  /** As JSON, one of each recipe; empty where it has no such field. */
  readonly values: readonly string[];
}

/** The fields that are not the same in all recipes. */
export function fieldDifferences(recipes: readonly unknown[]): FieldDifference[] {
  const all = recipes.map((recipe) => new Map(fieldsOf(recipe)));
  const fields = new Set(all.flatMap((one) => [...one.keys()]));
  return [...fields]
    .map((field) => ({ field, values: all.map((one) => one.get(field) ?? "") }))
    .filter(({ values }) => new Set(values).size > 1);
}

function fieldsOf(value: unknown, prefix = ""): [string, string][] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [[prefix, JSON.stringify(value)]];
  return Object.entries(value).flatMap(([name, inner]) => fieldsOf(inner, prefix === "" ? name : `${prefix}.${name}`));
}
