import { SINGLE_PATH, type PathConfig } from "../../src/model/paths/path-config.ts";
import type { ContrastiveBatch } from "../../src/train/batch-source.ts";
import { trainableModel } from "../../src/train/prepare-model.ts";
import { parseRecipe } from "../../src/train/recipe/recipe.ts";
import type { Recipe } from "../../src/train/recipe/recipe-types.ts";
import { Trainer } from "../../src/train/trainer.ts";
import type { BaseModel } from "./base-model.ts";
import { pictureInputs } from "./inputs.ts";
import { BASELINE, PARALLEL, pathsOf, SHARED } from "./variants.ts";

/** Pairs of a training batch. */
export const PAIRS = 32;

/** Inputs that GradCache encodes at once: a quarter of a batch. */
export const CHUNK = 16;

/** A kind of training step. */
export interface TrainingVariant {
  readonly name: string;
  readonly paths: PathConfig;
  /** Through GradCache, in chunks of so many inputs. */
  readonly chunkSize?: number;
}

const PARALLEL_4 = "parallel 4";

export const TRAINING_VARIANTS: readonly TrainingVariant[] = [
  { name: BASELINE, paths: SINGLE_PATH },
  { name: "shared 4", paths: pathsOf(4, SHARED) },
  { name: PARALLEL_4, paths: pathsOf(4, PARALLEL) },
  { name: `${BASELINE}, GradCache`, paths: SINGLE_PATH, chunkSize: CHUNK },
  { name: `${PARALLEL_4}, GradCache`, paths: pathsOf(4, PARALLEL), chunkSize: CHUNK },
];

/** Pairs with GradCache and without. */
export const GRAD_CACHE_PAIRS: readonly (readonly [direct: string, chunked: string])[] = [
  [BASELINE, `${BASELINE}, GradCache`],
  [PARALLEL_4, `${PARALLEL_4}, GradCache`],
];

/** Trains on the same batch of pairs of pictures again and again, all weights, with the objective of the shipped recipes. */
export async function openTrainer(base: BaseModel, { name, paths, chunkSize }: TrainingVariant): Promise<Trainer> {
  const recipe = recipeOf(name, { isMultiPath: paths.count > 1, chunkSize });
  const batch: ContrastiveBatch = {
    kind: "contrastive",
    task: "image-to-image",
    queries: pictureInputs(PAIRS, 1),
    targets: pictureInputs(PAIRS, 2),
    targetKeys: Array.from({ length: PAIRS }, (_, pair) => `thing ${pair}`),
  };
  return Trainer.create({ recipe, model: trainableModel(recipe, await base.withPaths(paths)), source: { batch: () => batch } });
}

/** @param isMultiPath whether there are paths to keep apart: then with vCLUB. */
function recipeOf(name: string, options: { readonly isMultiPath: boolean; readonly chunkSize: number | undefined }): Recipe {
  const recipe = {
    name,
    model: { config: {} },
    data: { kind: "emoji-tasks", batchSize: PAIRS },
    objective: { symmetric: true, regulariser: { kind: options.isMultiPath ? "vclub" : "none" } },
    optimizer: { learningRate: 1e-5, decay: "constant" },
    steps: 1_000_000,
    ...(options.chunkSize === undefined ? {} : { chunkSize: options.chunkSize }),
  };
  return parseRecipe(recipe, { file: `bench/model, ${name}` });
}
