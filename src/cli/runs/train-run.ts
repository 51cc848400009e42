import { rm } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { TrainingError } from "../../errors/families.ts";
import { readJsonFile } from "../../files/json-file.ts";
import { MODEL_FILES } from "../../model/folder/model-files.ts";
import type { Recipe } from "../../train/recipe/recipe-types.ts";
import type { RunEvent } from "../../train/run/run-events.ts";
import { RUN_FILES } from "../../train/run/run-files.ts";
import { plain } from "../../train/run/claim-folder.ts";
import { runTraining } from "../../train/run/run-training.ts";
import { TrainingScorer } from "../training/training-scorer.ts";
import type { RunContext } from "./run-context.ts";

/** Shows how a training goes on. */
export interface RunWatch {
  /** @param items inputs trained on since the watch began. */
  readonly step: (event: RunEvent & { readonly type: "step" }, items: number) => void;
  readonly finish: () => void;
}

/** One run to be trained. */
export interface TrainRunOptions {
  readonly recipe: Recipe;
  readonly folder: string;
  /** Called when there is something to train. */
  readonly watch: () => RunWatch;
}

/**
 * Trains a run in its folder, goes on with it if it was begun, or leaves it if it is finished. A finished run's checkpoints are removed: the model
 * is saved.
 * @returns whether it is finished now; if not, it was interrupted after a checkpoint.
 * @throws {TrainingError} if the folder holds another run, or the loss is not finite.
 */
export async function trainRun({ recipe, folder, watch }: TrainRunOptions, context: RunContext): Promise<boolean> {
  const begun = await readJsonFile(join(folder, RUN_FILES.config)).catch(() => undefined);
  if (begun !== undefined && !isDeepStrictEqual(begun, plain(recipe))) throw otherRun(folder, context);
  if (begun !== undefined && (await isTrained(folder))) return true;
  const data = await context.openData(recipe);
  try {
    if (!(await train({ recipe, folder, watch, resume: begun !== undefined }, data, context))) return false;
  } finally {
    await data.dispose?.();
  }
  await rm(join(folder, RUN_FILES.checkpoints), { recursive: true, force: true });
  return true;
}

async function train(
  { recipe, folder, watch, resume }: TrainRunOptions & { readonly resume: boolean },
  { source, texts, instructions }: Awaited<ReturnType<RunContext["openData"]>>,
  { baseFolder, threads, signal, progress, validationTasks }: RunContext,
): Promise<boolean> {
  await using scorer = new TrainingScorer(validationTasks, threads);
  const shown = watch();
  let items = 0;
  const { status } = await runTraining({
    recipe,
    baseFolder,
    out: folder,
    resume,
    source,
    texts,
    instructions,
    ...(validationTasks.length > 0 && { evaluate: (model) => scorer.score(model, signal) }),
    onEvent: (event) => {
      if (event.type === "warning") progress.note(`step ${event.step}: ${event.message}`);
      if (event.type !== "step") return;
      items += event.inputs;
      shown.step(event, items);
    },
    signal,
    threads,
  }).finally(() => shown.finish());
  return status === "finished";
}

/** A model folder is written whole, and last of all. */
export function isTrained(folder: string): Promise<boolean> {
  return readJsonFile(join(folder, RUN_FILES.model, MODEL_FILES.polyvec)).then(
    () => true,
    () => false,
  );
}

function otherRun(folder: string, { whole }: RunContext): TrainingError {
  return new TrainingError({
    message: `the run in ${folder} was begun with other settings than ${whole} has now; choose another folder with --out, or remove that run`,
    details: { run: folder },
  });
}
