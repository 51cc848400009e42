import { ConfigError } from "../../errors/families.ts";
import { readJsonFile } from "../../files/json-file.ts";
import { checkRecipe } from "./recipe-schema.ts";
import type { Recipe } from "./recipe-types.ts";

/** Reads a recipe. @throws {FileError} if it cannot be read. @throws {ConfigError} as {@link parseRecipe}. */
export async function readRecipe(file: string): Promise<Recipe> {
  return parseRecipe(await readJsonFile(file), { file });
}

/** Checks a recipe and fills in the defaults. @throws {ConfigError} naming the field, what it is and what was expected. */
export function parseRecipe(value: unknown, { file }: { readonly file: string }): Recipe {
  const recipe = checkRecipe(value, file);
  for (const rule of RULES) {
    const broken = rule(recipe);
    if (broken === undefined) continue;
    const { field, got, problem } = broken;
    throw new ConfigError({ message: `${file}: ${problem}`, details: { file, field, got } });
  }
  return recipe;
}

interface BrokenRule {
  readonly field: string;
  readonly got: unknown;
  readonly problem: string;
}

/** What no single field can tell. */
const RULES: readonly ((recipe: Recipe) => BrokenRule | undefined)[] = [
  ({ model: { base, config } }) => {
    if ((base === undefined) !== (config === undefined)) return undefined;
    const has = base === undefined ? "neither" : "both";
    const problem = `model needs either "base" (a model folder) or "config" (a model from scratch), it has ${has}`;
    return { field: "model", got: has, problem };
  },
  ({ model: { paths } }) => {
    const { count, prefixLength, topology } = paths;
    if (count === 1 || prefixLength > 0 || topology.kind === "shared") return undefined;
    const problem = `model.paths.prefixLength is 0 with ${count} paths, which would all be equal; expected at least 1, or topology "shared"`;
    return { field: "model.paths.prefixLength", got: prefixLength, problem };
  },
  ({ evaluateEverySteps: got, data }) => {
    if (got === undefined || (data.kind !== "examples" && data.kind !== "mmeb")) return undefined;
    const problem = `evaluateEverySteps is ${got}, but only models that train on the emoji are scored on the way; leave it out`;
    return { field: "evaluateEverySteps", got, problem };
  },
  ({ data }) => {
    if (data.kind !== "mmeb" || data.order === "drawn") return undefined;
    const { rowsTogether, groupByLength, datasets = {} } = data;
    const mixed = Object.entries(datasets).find(([, { weight, rows }]) => weight !== undefined || rows !== undefined);
    const field = rowsTogether !== undefined ? "rowsTogether" : groupByLength ? "groupByLength" : mixed && `datasets.${mixed[0]}`;
    if (field === undefined) return undefined;
    const problem = `data.${field} tells how batches are drawn, but data.order is "written": the data tells its batches; leave one of the two out`;
    return { field: `data.${field}`, got: rowsTogether ?? mixed?.[1] ?? groupByLength, problem };
  },
  ({ data }) => {
    if (data.kind !== "mmeb" || data.rowsTogether === undefined) return undefined;
    const { rowsTogether: got, batchSize, groupByLength } = data;
    if (batchSize % got !== 0) {
      const problem = `data.rowsTogether is ${got}, which does not divide data.batchSize, ${batchSize}; change one of them`;
      return { field: "data.rowsTogether", got, problem };
    }
    const problem =
      "data.groupByLength is for batches of one dataset: rows that come together keep the order of their file; leave one of the two out";
    return groupByLength ? { field: "data.groupByLength", got: true, problem } : undefined;
  },
];
