import { createHash } from "node:crypto";
import { ConfigError, present } from "../../errors/families.ts";
import type { SweepCombination } from "../../eval/sweep/sweep-report.ts";
import { nearestName } from "../../files/nearest-name.ts";
import { RandomStream } from "../../random/random-stream.ts";
import { parseRecipe } from "../../train/recipe/recipe.ts";
import type { Recipe } from "../../train/recipe/recipe-types.ts";
import { canonicalJson, type FieldValues, type JsonValue } from "./json-value.ts";
import { withFields } from "./set-fields.ts";
import type { SweepDefinition } from "./sweep-definition.ts";

/** A recipe of a sweep, to be trained with every seed. */
export interface SweepCell {
  /** A hash of the recipe, seed and name apart: the same recipe is the same cell, whatever else is swept. */
  readonly id: string;
  readonly label: string;
  readonly settings: FieldValues;
  /** The variant's name, if it is one. */
  readonly variant: string | undefined;
  /** Other combinations that come to the very same training. */
  readonly aliases: readonly SweepCombination[];
  readonly recipe: Recipe;
}

/** What cells are made of. */
export interface CellSource {
  /** The recipe as its file holds it. */
  readonly recipe: JsonValue;
  readonly recipeFile: string;
  /** What a sweep is read from, for messages. */
  readonly file: string;
  readonly definition: SweepDefinition;
}

interface Combination {
  readonly settings: FieldValues;
  readonly variant?: string;
}

/**
 * The cells of a sweep: every combination of the varied values, or some drawn at random, then the variants. Combinations that are the same training (one
 * path needs no aggregation) are one cell.
 * @throws {ConfigError} naming the field and the combination, if a recipe is wrong.
 */
export function makeCells(source: CellSource): SweepCell[] {
  const { definition, file } = source;
  checkFields(source);
  const combinations: Combination[] = [
    ...drawn(grid(definition.vary), definition.random),
    ...definition.variants.map(({ name, set }) => ({ settings: set, variant: name })),
  ];
  if (Object.keys(definition.vary).length === 0 && definition.variants.length === 0) {
    const message = `${file}: nothing is varied; name fields and their values by "vary" or --vary, or cells by "variants"`;
    throw new ConfigError({ message, details: { file, field: "vary" } });
  }
  const cells = new Map<string, SweepCell>();
  for (const combination of combinations) {
    const cell = makeCell(combination, source);
    const known = cells.get(cell.id);
    const { label, settings } = cell;
    cells.set(cell.id, known === undefined ? cell : { ...known, aliases: [...known.aliases, { label, settings }] });
  }
  return [...cells.values()];
}

/** Every combination of values, the last field running fastest; none without fields. */
function grid(vary: SweepDefinition["vary"]): Combination[] {
  const fields = Object.entries(vary);
  if (fields.length === 0) return [];
  const all = fields.reduce<FieldValues[]>((sets, [field, values]) => sets.flatMap((set) => values.map((value) => ({ ...set, [field]: value }))), [{}]); // prettier-ignore
  return all.map((settings) => ({ settings }));
}

/** Some of the combinations, in their order. */
function drawn(all: readonly Combination[], random: SweepDefinition["random"]): readonly Combination[] {
  if (random === undefined || random.cells >= all.length) return all;
  const places = new RandomStream("sweep", random.seed).shuffle(all.map((_, place) => place)).slice(0, random.cells);
  return places.toSorted((left, right) => left - right).map((place) => present(all[place], "a combination"));
}

function makeCell({ settings, variant }: Combination, { recipe: base, recipeFile, definition }: CellSource): SweepCell {
  const label = variant ?? labelOf(settings);
  const file = `${recipeFile} with ${label}`;
  const json = withFields(withFields(base, definition.set, { file }), settings, { file });
  const recipe = withoutIdleFields(parseRecipe(json, { file }));
  const id = createHash("sha256").update(canonicalJson({ ...recipe, seed: 0 })).digest("hex").slice(0, 10); // prettier-ignore
  return { id, label, settings, variant, aliases: [], recipe };
}

/** The recipe with fields that make no difference brought to one value: one path is its own aggregate. */
function withoutIdleFields(recipe: Recipe): Recipe {
  const { model } = recipe;
  if (model.paths.count > 1) return recipe;
  return { ...recipe, model: { ...model, paths: { ...model.paths, aggregation: "mean" } } };
}

/** A cell's recipe for a seed; its name is of the recipe alone, so that a run is known again in another sweep. */
export function recipeForSeed({ recipe, id }: Pick<SweepCell, "recipe" | "id">, seed: number): Recipe {
  return { ...recipe, name: `${recipe.name} ${id}`, seed };
}

/** Settings in short: `count=4 prefixLength=8`; dotted in full where last parts are the same. */
function labelOf(settings: FieldValues): string {
  const fields = Object.keys(settings);
  const last = (field: string): string => field.slice(field.lastIndexOf(".") + 1);
  const isShared = (field: string): boolean => fields.some((other) => other !== field && last(other) === last(field));
  return fields.map((field) => `${isShared(field) ? field : last(field)}=${shortValue(settings[field])}`).join(" ");
}

function shortValue(value: JsonValue | undefined): string {
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return JSON.stringify(value);
  return Object.values(value)
    .map((inner) => (typeof inner === "string" ? inner : JSON.stringify(inner)))
    .join("-");
}

/** @throws {ConfigError} if the seed or the name is set: all cells have the same seeds. */
function checkFields({ definition, file }: CellSource): void {
  const fields = [definition.vary, definition.set, ...definition.variants.map(({ set }) => set)].flatMap((values) => Object.keys(values));
  const found = fields.find((field) => field === "seed" || field === "name");
  if (found === undefined) return;
  const wayOut = found === "seed" ? 'every cell is trained with the same ones: name them by "seeds" or --seeds' : "cells are named by their settings; remove it"; // prettier-ignore
  throw new ConfigError({ message: `${file}: ${found} cannot be set by a sweep; ${wayOut}`, details: { file, field: found } });
}

/**
 * The cell that others are compared with.
 * @throws {ConfigError} if there is none of that name or with those values.
 */
export function baselineOf(cells: readonly SweepCell[], { definition, file }: Pick<CellSource, "definition" | "file">): SweepCell {
  const { baseline: wanted } = definition;
  const found = wanted === undefined ? cells[0] : cells.find((cell) => isMeant(cell, wanted));
  if (found !== undefined) return found;
  const labels = cells.map(({ label }) => label);
  const asked = typeof wanted === "string" ? wanted : JSON.stringify(wanted);
  const near = nearestName(asked, labels);
  const hint = near === undefined ? `the cells are ${labels.join(", ")}` : `did you mean ${near}?`;
  throw new ConfigError({ message: `${file}: no cell is the baseline ${asked}; ${hint}`, details: { file, field: "baseline", got: wanted, expected: labels } }); // prettier-ignore
}

function isMeant({ label, settings, variant, aliases }: SweepCell, wanted: string | FieldValues): boolean {
  const all = [{ label, settings }, ...aliases];
  if (typeof wanted === "string") return variant === wanted || all.some((each) => each.label === wanted);
  return all.some((each) => Object.entries(wanted).every(([field, value]) => canonicalJson(each.settings[field]) === canonicalJson(value)));
}
