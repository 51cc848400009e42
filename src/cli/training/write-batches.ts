import { stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { EmojiCorpus } from "../../data/emoji/corpus.ts";
import { TrainingSampler } from "../../data/emoji/tasks/training-sampler.ts";
import { writeTrainingAsMmeb, type WrittenTraining } from "../../data/emoji/write-training.ts";
import { ConfigError } from "../../errors/families.ts";
import { writeJsonAtomic } from "../../files/atomic-write.ts";
import { checkRecipe } from "../../train/recipe/recipe-schema.ts";
import type { Recipe, RecipeData } from "../../train/recipe/recipe-types.ts";
import { samplerOptions } from "../../train/sources/recipe-source.ts";
import type { CommandContext } from "../command-module.ts";
import { loadCorpus } from "../evaluation/load-corpus.ts";
import { showProgress } from "../evaluation/show-progress.ts";
import { quoted } from "../quoted.ts";
import type { RecipeFile } from "./run-recipe.ts";

/** Batches that were written, and the recipe that trains on them. */
export interface WrittenBatches extends WrittenTraining {
  readonly recipe: string;
}

/** Writes what `polyvec train` would train on, and says how it is trained on. @throws as {@link writeRecipeBatches}. */
export async function writeBatches(folder: string, file: RecipeFile, context: CommandContext): Promise<void> {
  writableData(file);
  const written = await writeRecipeBatches(folder, file, { corpus: await loadCorpus(context), context });
  if (context.json) return context.out.json(written);
  await context.out.line(`${written.rows} rows and ${written.pictures} pictures are in ${folder}`);
  await context.out.line(`\nTrain on them with: polyvec train ${quoted(written.recipe)} --out runs/x`);
}

/**
 * Writes all batches of a recipe on the emoji in the layout of MMEB-train, and `recipe.json`, the same recipe with these for its data: a training by
 * it sees the same pixels and texts in the same order.
 * @throws {ConfigError} if the recipe trains on something else, or enlarges drawings. @throws {FileError} if it cannot be written.
 */
export async function writeRecipeBatches(
  folder: string,
  { recipe, file }: RecipeFile,
  { corpus, context }: { readonly corpus: EmojiCorpus; readonly context: Pick<CommandContext, "progress" | "signal"> },
): Promise<WrittenBatches> {
  const data = writableData({ recipe, file });
  const sampler = new TrainingSampler(corpus, samplerOptions(data, recipe.seed));
  const batches = recipe.steps * recipe.accumulation;
  const shown = showProgress(context, { label: "write batches", unit: "batches" });
  const onProgress = (done: number): void => shown.options.onProgress({ done, total: batches });
  const written = await writeTrainingAsMmeb(folder, { sampler, batches, onProgress, signal: context.signal }).finally(shown.finish);
  const into = join(folder, "recipe.json");
  await writeJsonAtomic(into, await onWritten({ recipe, file }, data));
  return { ...written, recipe: into };
}

type EmojiTasks = Extract<RecipeData, { readonly kind: "emoji-tasks" }>;

function writableData({ recipe: { data }, file }: RecipeFile): EmojiTasks {
  if (data.kind === "emoji-tasks" && data.enlargeShare === 0) return data;
  const [field, got] =
    data.kind === "emoji-tasks" ? (["data.enlargeShare", data.enlargeShare] as const) : (["data.kind", data.kind] as const);
  const message = `${file}: only batches of the kind "emoji-tasks", none of them enlarged, can be written in MMEB's layout; ${field} is ${got}`;
  throw new ConfigError({ message, details: { file, field, got } });
}

/** The recipe with the written batches for its data, its base found from wherever it lies. */
async function onWritten({ recipe, file }: RecipeFile, { batchSize, canvasBatchSize = batchSize }: EmojiTasks): Promise<Recipe> {
  const { evaluateEverySteps: _, ...rest } = recipe;
  const { base } = recipe.model;
  const folder = base === undefined ? undefined : resolve(dirname(file), base);
  const isFolder = folder !== undefined && (await stat(folder).then(Boolean, () => false));
  const model = isFolder ? { ...recipe.model, base: folder } : recipe.model;
  const data = { kind: "mmeb", path: "train", images: "images", batchSize: Math.max(batchSize, canvasBatchSize), order: "written" };
  return checkRecipe({ ...rest, model, data }, file);
}
