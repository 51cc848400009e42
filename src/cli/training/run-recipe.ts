import { stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { findModel } from "../../embed/load-model.ts";
import { parseHubId, type HubId } from "../../model/folder/hub/hub-id.ts";
import { AbortedError } from "../../errors/families.ts";
import { PolyvecError } from "../../errors/polyvec-error.ts";
import { emojiBenchmark } from "../../eval/benchmark/emoji-benchmark.ts";
import type { EmojiCorpus } from "../../data/emoji/corpus.ts";
import type { Recipe } from "../../train/recipe/recipe-types.ts";
import type { RunEvent } from "../../train/run/run-events.ts";
import type { RunResult } from "../../train/run/run-options.ts";
import { outlineOf, prepareModel } from "../../train/prepare-model.ts";
import { runTraining } from "../../train/run/run-training.ts";
import type { OpenedData } from "../../train/sources/opened-data.ts";
import { openRecipeData } from "../../train/sources/recipe-source.ts";
import type { CommandContext } from "../command-module.ts";
import { loadCorpus } from "../evaluation/load-corpus.ts";
import { showDownload } from "../terminal/show-download.ts";
import { planTraining, type TrainingPlan } from "../planning/plan-training.ts";
import type { CrewMember } from "./in-processes.ts";
import { resumeCommand, type TrainCommandOptions } from "./train-options.ts";
import { TrainingDisplay } from "./training-display.ts";
import { TrainingScorer } from "./training-scorer.ts";

/** A recipe with the file it came from, which its paths are relative to. */
export interface RecipeFile {
  readonly recipe: Recipe;
  readonly file: string;
}

/** Works out what a recipe comes to, with the base as it is there. @throws as `prepareModel`. */
export async function planRecipe({ recipe, file }: RecipeFile, context: CommandContext): Promise<TrainingPlan> {
  const { data } = await openData({ recipe, file }, context);
  try {
    const baseFolder = await baseFolderOf({ recipe, file }, context);
    return await planTraining(recipe, outlineOf(await prepareModel(recipe, { baseFolder, texts: data.texts })), {
      source: data.source,
      heldBytes: data.heldBytes,
    });
  } finally {
    await data.dispose?.();
  }
}

/**
 * Trains a recipe, by itself or with other processes, its progress shown; with `--json` each event is a line of the output.
 * @throws {AbortedError} when it was stopped, with the command that goes on with it.
 */
export async function runRecipe(file: RecipeFile, options: RunCommandOptions, member: CrewMember): Promise<RunResult> {
  const opened = await openData(file, member.context);
  try {
    return await trainOn(opened, { ...file, options }, member);
  } finally {
    await opened.data.dispose?.();
  }
}

type RunCommandOptions = TrainCommandOptions & { readonly out: string };

async function trainOn(
  { data, corpus }: Opened,
  { recipe, file, options }: RecipeFile & { readonly options: RunCommandOptions },
  { context, communicator, threads }: CrewMember,
): Promise<RunResult> {
  const baseFolder = await baseFolderOf({ recipe, file }, context);
  const { progress, signal } = context;
  const display = new TrainingDisplay(progress, `train ${recipe.name}`);
  const events = new EventLines(context);
  await using scorer = new TrainingScorer(validationTasks(recipe, corpus), threads);
  const { out, resume = false, dtype } = options;
  const evaluate = recipe.evaluateEverySteps === undefined ? {} : { evaluate: scorer.score.bind(scorer) };
  const onEvent = (event: RunEvent): void => {
    display.show(event);
    events.write(event);
  };
  const run = { recipe, baseFolder, out, resume, ...data, ...evaluate, onEvent, signal, threads, dtype, communicator };
  const result = await runTraining(run)
    .catch((error: unknown) =>
      Promise.reject(withWayOn(error, { hasCheckpoint: display.hasCheckpoint, command: resumeCommand(file, options) })),
    )
    .finally(() => display.finish());
  await events.flush();
  if (result.status === "finished") return result;
  const message = `stopped after step ${result.step}; a checkpoint is written. Go on with: ${resumeCommand(file, options)}`;
  throw new AbortedError({ message, details: { run: out, step: result.step } });
}

interface Opened {
  readonly data: OpenedData;
  /** The emoji, if the recipe trains on them. */
  readonly corpus: EmojiCorpus | undefined;
}

/** Opens the data that a recipe names. */
export async function openData({ recipe, file }: RecipeFile, context: CommandContext): Promise<Opened> {
  let corpus: EmojiCorpus | undefined;
  const load = async (): Promise<EmojiCorpus> => (corpus = await loadCorpus(context));
  const data = await openRecipeData(recipe, load, { folder: dirname(file), ...showDownload(context) });
  return { data, corpus };
}

/** The folder of a recipe's base: relative to the recipe, or a model of the hub, which is fetched once. */
export async function baseFolderOf(
  { recipe, file }: RecipeFile,
  context: CommandContext,
  fetch?: (id: HubId) => Promise<string>,
): Promise<string | undefined> {
  const { base } = recipe.model;
  if (base === undefined) return undefined;
  const folder = resolve(dirname(file), base);
  const id = parseHubId(base);
  if (id === undefined || (await stat(folder).then(Boolean, () => false))) return folder;
  return fetch === undefined ? findModel(base, showDownload(context)) : fetch(id);
}

function validationTasks(
  { evaluateEverySteps, evaluateQueries }: Recipe,
  corpus: EmojiCorpus | undefined,
): ReturnType<typeof emojiBenchmark> {
  if (evaluateEverySteps === undefined || corpus === undefined) return [];
  return emojiBenchmark(corpus, { split: "validation", queriesPerTask: evaluateQueries });
}

/** Writes events as lines of JSON, one after another, where JSON is asked for. */
class EventLines {
  readonly #context: CommandContext;
  #written: Promise<void> = Promise.resolve();

  constructor(context: CommandContext) {
    this.#context = context;
  }

  write(event: RunEvent): void {
    if (!this.#context.json) return;
    this.#written = this.#written.then(() => this.#context.out.json(event));
    this.#written.catch(() => undefined); // told by `flush`
  }

  /** @throws {FileError} if the output cannot be written. */
  async flush(): Promise<void> {
    await this.#written;
  }
}

/** An error that ended a run, with the command that goes on with it once the reason is gone. */
function withWayOn(error: unknown, { hasCheckpoint, command }: { readonly hasCheckpoint: boolean; readonly command: string }): unknown {
  if (!hasCheckpoint || !PolyvecError.isInstance(error)) return error;
  const { code, message, details } = error;
  return new PolyvecError(code, {
    message: `${message}. The run goes on from its last checkpoint with: ${command}`,
    details,
    cause: error,
  });
}
