import { rm } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { TrainingError } from "../../errors/families.ts";
import { readJsonFile } from "../../files/json-file.ts";
import { MODEL_FILES } from "../../model/folder/model-files.ts";
import type { Recipe } from "../../train/recipe/recipe-types.ts";
import { RUN_FILES } from "../../train/run/run-files.ts";
import { runTraining } from "../../train/run/run-training.ts";
import { openRecipeData } from "../../train/sources/recipe-source.ts";
import type { ReproduceContext } from "./reproduce-context.ts";
import { TrainingScorer } from "../training/training-scorer.ts";

/** One run to be trained. */
export interface TrainRunOptions {
  /** What its progress is called. */
  readonly label: string;
  readonly recipe: Recipe;
  readonly folder: string;
}

/**
 * Trains a run in its folder, goes on with it if it was begun, or leaves it if it is finished. A finished run's checkpoints are removed: the model
 * is saved.
 * @returns whether it is finished now; if not, it was interrupted after a checkpoint.
 * @throws {TrainingError} if the folder holds another run.
 */
export async function trainRun({ label, recipe, folder }: TrainRunOptions, context: ReproduceContext): Promise<boolean> {
  const begun = await readJsonFile(join(folder, RUN_FILES.config)).catch(() => undefined);
  if (begun !== undefined && !isDeepStrictEqual(begun, JSON.parse(JSON.stringify(recipe)))) throw otherRun(folder);
  if (begun !== undefined && (await isTrained(folder))) return true;
  const { corpus, baseFolder, threads, signal, progress, validationTasks } = context;
  const { source, texts, instructions } = await openRecipeData(recipe, corpus);
  await using scorer = new TrainingScorer(validationTasks, threads);
  const task = progress.task({ label, total: recipe.steps, itemUnit: "inputs" });
  let items = 0;
  const { status } = await runTraining({
    recipe,
    baseFolder,
    out: folder,
    resume: begun !== undefined,
    source,
    texts,
    instructions,
    evaluate: (model) => scorer.score(model, signal),
    onEvent: (event) => {
      if (event.type === "warning") progress.note(`step ${event.step}: ${event.message}`);
      if (event.type !== "step") return;
      items += event.inputs;
      task.update({ done: event.step, items, loss: event.loss, precisionAt1: event.precision });
    },
    signal,
    threads,
  }).finally(() => task.finish());
  if (status === "interrupted") return false;
  await rm(join(folder, RUN_FILES.checkpoints), { recursive: true, force: true });
  return true;
}

/** A model folder is written whole, and last of all. */
function isTrained(folder: string): Promise<boolean> {
  return readJsonFile(join(folder, RUN_FILES.model, MODEL_FILES.polyvec)).then(
    () => true,
    () => false,
  );
}

function otherRun(folder: string): TrainingError {
  return new TrainingError({
    message: `the run in ${folder} was begun with other settings than this reproduction has now; choose another folder with --out, or remove that run`,
    details: { run: folder },
  });
}
