import { fileURLToPath } from "node:url";
import { resolve } from "node:path";
import { readRecipe } from "../../train/recipe/recipe.ts";
import type { Recipe, RecipeData } from "../../train/recipe/recipe-types.ts";
import type { PresetTraining } from "./presets.ts";
import type { BaseRecipes } from "./setups.ts";

/** Where the committed recipes lie. */
const RECIPES = fileURLToPath(new URL("../../../recipes/", import.meta.url));

/** The committed recipes as a reproduction uses them. */
export interface ReproduceRecipes {
  /** At the preset's size, with that seed. */
  readonly forSeed: (seed: number) => BaseRecipes;
  /** Folder of the model that all runs start from. */
  readonly baseFolder: string;
  /** The same as it was named: by the caller, or by the recipes. */
  readonly baseName: string;
}

/**
 * Reads `recipes/emoji-{ssc,pdf,pdf-shared}.json` and brings them to a preset's size.
 * @param base folder of the model to start from in place of the recipes' own. @throws {FileError} {ConfigError} as `readRecipe`.
 */
export async function readBaseRecipes(training: PresetTraining, base?: string): Promise<ReproduceRecipes> {
  const [ssc, pdf, shared] = await Promise.all(["ssc", "pdf", "pdf-shared"].map((name) => readRecipe(`${RECIPES}emoji-${name}.json`)));
  const recipes = { ssc, pdf, shared } as BaseRecipes;
  const baseFolder = base === undefined ? resolve(RECIPES, recipes.ssc.model.base ?? "") : resolve(base);
  const resize = (recipe: Recipe, seed: number): Recipe => atSize(base === undefined ? recipe : startingFrom(recipe, base), training, seed);
  const forSeed = (seed: number): BaseRecipes => ({
    ssc: resize(recipes.ssc, seed),
    pdf: resize(recipes.pdf, seed),
    shared: resize(recipes.shared, seed),
  });
  return { forSeed, baseFolder, baseName: base ?? recipes.ssc.model.base ?? "" };
}

function atSize(recipe: Recipe, training: PresetTraining, seed: number): Recipe {
  const { steps, batchSize, warmUpSteps, checkpointEverySteps, validateEverySteps } = training;
  const { objective } = recipe;
  return {
    ...recipe,
    seed,
    steps,
    checkpointEverySteps,
    keepCheckpoints: 1,
    evaluateEverySteps: validateEverySteps,
    data: resizeBatches(recipe.data, batchSize),
    optimizer: { ...recipe.optimizer, warmUpSteps },
    objective: { ...objective, regulariserWarmUpSteps: Math.min(objective.regulariserWarmUpSteps, Math.round(steps / 4)) },
  };
}

/** Batches of canvases keep their share. */
function resizeBatches(data: RecipeData, batchSize: number): RecipeData {
  if (data.kind === "examples" || data.kind === "mmeb" || data.canvasBatchSize === undefined) return { ...data, batchSize };
  return { ...data, batchSize, canvasBatchSize: Math.ceil((data.canvasBatchSize * batchSize) / data.batchSize) };
}

function startingFrom(recipe: Recipe, base: string): Recipe {
  return { ...recipe, model: { ...recipe.model, base } };
}
