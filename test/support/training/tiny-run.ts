import { join } from "node:path";
import { readJsonLines } from "../../../src/files/json-lines.ts";
import { saveModelFolder } from "../../../src/model/folder/save-model-folder.ts";
import { SINGLE_PATH } from "../../../src/model/paths/path-config.ts";
import type { BatchSource } from "../../../src/train/batch-source.ts";
import { parseRecipe } from "../../../src/train/recipe/recipe.ts";
import type { Recipe } from "../../../src/train/recipe/recipe-types.ts";
import type { RunOptions } from "../../../src/train/run/run-options.ts";
import { tinyModel } from "../tiny-model.ts";
import { tinyBatchOf, tinyLanguageBatch } from "./tiny-trainable.ts";

/** Fields of a recipe that a test gives; all else has the values of {@link tinyRecipe}. */
export interface TinyRecipeFields {
  readonly model?: Readonly<Record<string, unknown>>;
  readonly objective?: Readonly<Record<string, unknown>>;
  readonly optimizer?: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

/** Two paths, vCLUB, six steps with a checkpoint after every second one. */
export function tinyRecipe({ model, objective, optimizer, ...fields }: TinyRecipeFields = {}): Recipe {
  const recipe = {
    name: "tiny",
    seed: 1,
    model: { base: "base", paths: { count: 2, prefixLength: 2, prefixScale: 2 }, ...model },
    data: { kind: "emoji-tasks", batchSize: 6 },
    objective: { temperature: 0.1, regulariser: { kind: "vclub", hiddenWidth: 8 }, ...objective },
    optimizer: { learningRate: 1e-3, ...optimizer },
    steps: 6,
    checkpointEverySteps: 2,
    diversityEverySteps: 2,
    ...fields,
  };
  return parseRecipe(recipe, { file: "tiny.json" });
}

/** A source of tiny batches that notes which steps it was asked for: contrastive ones, every fourth for language modelling. */
export function tinySource(): BatchSource & { readonly asked: number[] } {
  const asked: number[] = [];
  return {
    asked,
    batch(step) {
      asked.push(step);
      if (step % 4 === 3) return tinyLanguageBatch("image", 4, step);
      return tinyBatchOf("image", "text", { count: 6, hardNegatives: step % 2, seed: 10 + step });
    },
  };
}

/** Writes the base that tiny runs start from. @returns its folder. */
export async function saveTinyBase(folder: string): Promise<string> {
  const base = join(folder, "base");
  await saveModelFolder(base, tinyModel({ paths: SINGLE_PATH }));
  return base;
}

/** Options of a tiny run. */
export function tinyRun(options: Pick<RunOptions, "out" | "baseFolder"> & Partial<RunOptions>): RunOptions {
  return { recipe: tinyRecipe(), resume: false, source: tinySource(), texts: () => [], threads: 1, ...options };
}

/** What a run logged, times left out. */
export async function loggedNumbers(out: string): Promise<Record<string, unknown>[]> {
  const { rows } = await readJsonLines(join(out, "metrics.jsonl"));
  return (rows as Record<string, unknown>[]).map(({ seconds: _, inputsPerSecond: __, ...row }) => row);
}
