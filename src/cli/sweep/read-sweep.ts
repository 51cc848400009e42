import { basename, dirname, resolve } from "node:path";
import { ConfigError } from "../../errors/families.ts";
import type { SweepView } from "../../eval/sweep/sweep-report.ts";
import { readJsonFile } from "../../files/json-file.ts";
import type { FieldValues, JsonValue } from "./json-value.ts";
import { baselineOf, makeCells, type SweepCell } from "./sweep-cells.ts";
import { checkSweep, type SweepDefinition } from "./sweep-definition.ts";

/** What the command line gives beside the file. */
export interface SweepOverrides {
  readonly vary?: Readonly<Record<string, readonly JsonValue[]>> | undefined;
  readonly set?: FieldValues | undefined;
  readonly seeds?: readonly number[] | undefined;
  readonly random?: { readonly cells: number; readonly seed: number } | undefined;
  readonly baseline?: string | FieldValues | undefined;
  readonly view?: SweepView | undefined;
  readonly evaluation?: Readonly<Record<string, unknown>> | undefined;
}

/** A sweep that is read and checked. */
export interface Sweep {
  readonly name: string;
  readonly recipeFile: string;
  /** With paths that hold from anywhere. */
  readonly definition: SweepDefinition;
  readonly cells: readonly SweepCell[];
  readonly baseline: SweepCell;
  /** The fields that are varied, in their order. */
  readonly fields: readonly string[];
}

/**
 * Reads a sweep from its own file, or from a recipe and what the command line varies of it. Every recipe of it is checked.
 * @throws {FileError} {ConfigError} naming the file, the field and, for a recipe, the cell.
 */
export async function readSweep(file: string, overrides: SweepOverrides): Promise<Sweep> {
  const read = (await readJsonFile(file)) as JsonValue;
  const isOwn = isRecord(read) && ["recipe", "vary", "variants", "seeds"].some((field) => Object.hasOwn(read, field));
  const own = isOwn ? read : { recipe: basename(file) };
  const definition = checkSweep(merged(own, overrides), file);
  const recipeFile = resolve(dirname(file), definition.recipe);
  const recipe = isOwn ? ((await readJsonFile(recipeFile)) as JsonValue) : read;
  const source = { recipe, recipeFile: isOwn ? recipeFile : file, file, definition };
  const cells = makeCells(source);
  const fields = [...new Set([...Object.keys(definition.vary), ...definition.variants.flatMap(({ set }) => Object.keys(set))])];
  return {
    name: definition.name ?? cells[0]?.recipe.name ?? basename(file),
    recipeFile,
    definition: { ...definition, evaluation: evaluationOf(definition, { file, cells }) },
    cells,
    baseline: baselineOf(cells, source),
    fields,
  };
}

function merged(
  own: { readonly [field: string]: JsonValue },
  { vary, set, evaluation, ...others }: SweepOverrides,
): Readonly<Record<string, unknown>> {
  const given = Object.fromEntries(Object.entries(others).filter(([, value]) => value !== undefined));
  const joined = (field: string, more: object | undefined): object => (more === undefined ? {} : { [field]: { ...asRecord(own[field]), ...more } }); // prettier-ignore
  return { ...own, ...given, ...joined("vary", vary), ...joined("set", set), ...joined("evaluation", evaluation) };
}

function asRecord(value: JsonValue | undefined): object {
  return isRecord(value) ? value : {};
}

function isRecord(value: JsonValue | undefined): value is { readonly [field: string]: JsonValue } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What cells are scored on: what the definition says, its paths made absolute; the emoji where all cells train on them. */
function evaluationOf(
  { evaluation }: SweepDefinition,
  { file, cells }: { readonly file: string; readonly cells: readonly SweepCell[] },
): NonNullable<SweepDefinition["evaluation"]> {
  const at = (path: string): string => resolve(dirname(file), path);
  if (evaluation?.bench === "mmeb") {
    const { test, data, images, ...others } = evaluation;
    return { ...others, data: at(data), images: at(images), ...(test && { test: { data: at(test.data), images: at(test.images) } }) };
  }
  if (evaluation !== undefined) return evaluation;
  if (cells.every(({ recipe }) => recipe.data.kind.startsWith("emoji"))) return { bench: "emoji", queries: 60 };
  const message = `${file}: what cells are scored on has to be said, as they do not train on the emoji; give --bench mmeb with --data and --images, or "evaluation"`;
  throw new ConfigError({ message, details: { file, field: "evaluation" } });
}
