import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { TrainingError } from "../../errors/families.ts";
import type { FloatTensor } from "../../engine/tensor/tensor.ts";
import { writeJsonAtomic } from "../../files/atomic-write.ts";
import { readJsonFile } from "../../files/json-file.ts";
import { JsonLinesWriter, readJsonLines, writeJsonLines } from "../../files/json-lines.ts";
import { lockFolder } from "../../files/run-lock.ts";
import { saveModelFolder } from "../../model/folder/save-model-folder.ts";
import { DEFAULT_PROMPT_TEMPLATE } from "../../model/backbones/qwen2-vl/prompt.ts";
import { Qwen2VLProcessor } from "../../model/backbones/qwen2-vl/processor.ts";
import type { BatchSource } from "../batch-source.ts";
import { calibratePrefixes } from "../calibrate-prefixes.ts";
import { loadLatestCheckpoint } from "../checkpoint/load-checkpoint.ts";
import { saveCheckpoint } from "../checkpoint/save-checkpoint.ts";
import { prepareModel, type PreparedModel } from "../prepare-model.ts";
import type { Recipe } from "../recipe/recipe-types.ts";
import { trainingProcessor } from "../steps/processor-adapter.ts";
import type { TrainableModel } from "../trainable-model.ts";
import { Trainer } from "../trainer.ts";
import type { LoggedEvent, LoggedStep } from "./run-events.ts";

/** Names within a run folder. */
export const RUN_FILES = {
  config: "config.json",
  metrics: "metrics.jsonl",
  calibration: "calibration.json",
  checkpoints: "checkpoints",
  model: "model",
} as const;

/** The longest prompt in training, in tokens; longer texts are cut. */
const MAX_TOKENS = 96;

export interface RunOptions {
  readonly recipe: Recipe;
  /** Resolved folder of `recipe.model.base`. */
  readonly baseFolder: string | undefined;
  /** The run folder; made if there is none. */
  readonly out: string;
  /** Go on with the run that is in the folder. */
  readonly resume: boolean;
  readonly source: BatchSource;
  /** What a tokenizer for a model from scratch learns from. */
  readonly texts: () => Iterable<string>;
  /** Scores on the validation split, asked for every `evaluateEverySteps` steps and at the end. */
  readonly evaluate?: ((model: TrainableModel) => Promise<Readonly<Record<string, number>>>) | undefined;
  readonly onEvent?: ((event: LoggedEvent) => void) | undefined;
  /** Fires to stop after the step under way: a checkpoint is written, the run can be resumed. */
  readonly signal?: AbortSignal | undefined;
  readonly threads?: number | undefined;
  /** How the finished model's weights are stored; float32 if not given. */
  readonly dtype?: "float32" | "float16" | "int8";
}

export interface RunResult {
  readonly status: "finished" | "interrupted";
  /** Steps done. */
  readonly step: number;
  readonly folder: string;
  /** The finished model's folder. */
  readonly model: string | undefined;
}

/**
 * Trains a recipe in a run folder: `config.json`, `metrics.jsonl`, `checkpoints/`, at the end `model/`. Interrupted or killed, it goes on
 * from its last whole checkpoint with the very same numbers.
 * @throws {TrainingError} if the folder is in use or holds another run, or the loss is not finite. @throws {FileError} if it cannot be written.
 */
export async function runTraining(options: RunOptions): Promise<RunResult> {
  await using lock = await lockFolder(options.out);
  await claimFolder(lock.folder, options);
  const prepared = await prepareModel(options.recipe, { baseFolder: options.baseFolder, texts: options.texts });
  const model = trainableModel(options.recipe, prepared);
  if (prepared.hasFreshPaths && !(await hasCheckpoint(options))) await calibrate(options, model);
  await using trainer = await Trainer.create({ recipe: options.recipe, model, source: options.source, threads: options.threads });
  await resumeFrom(options, trainer);
  await using log = await JsonLinesWriter.open(join(options.out, RUN_FILES.metrics));
  const status = await trainSteps(options, { trainer, model, log });
  if (status === "interrupted") return { status, step: trainer.step, folder: options.out, model: undefined };
  const folder = join(options.out, RUN_FILES.model);
  await saveTrainedModel(folder, options, { prepared, weights: model.weights });
  return { status, step: trainer.step, folder: options.out, model: folder };
}

/** Scales the fresh prefixes and notes the scale in the run folder. */
async function calibrate({ recipe, source, threads, out }: RunOptions, model: TrainableModel): Promise<void> {
  const { count, prefixLength, prefixScale, targetCosine } = recipe.model.paths;
  if (count === 1 || prefixLength === 0 || prefixScale !== "calibrated") return;
  await writeJsonAtomic(join(out, RUN_FILES.calibration), await calibratePrefixes(model, { targetCosine, source, threads }));
}

interface Running {
  readonly trainer: Trainer;
  readonly model: TrainableModel;
  readonly log: JsonLinesWriter;
}

async function trainSteps(options: RunOptions, { trainer, model, log }: Running): Promise<RunResult["status"]> {
  const { recipe, signal, evaluate } = options;
  const record = async (event: LoggedEvent): Promise<void> => {
    await log.append(event);
    options.onEvent?.(event);
  };
  while (trainer.step < recipe.steps) {
    if (signal?.aborted === true) return interrupted(options, trainer);
    await record(await timedStep(trainer));
    const isLast = trainer.step === recipe.steps;
    if (evaluate !== undefined && (isLast || isDue(trainer.step, recipe.evaluateEverySteps))) {
      await record({ type: "evaluation", step: trainer.step, scores: await evaluate(model) });
    }
    if (isLast || isDue(trainer.step, recipe.checkpointEverySteps)) await checkpoint(options, trainer);
  }
  return "finished";
}

async function timedStep(trainer: Trainer): Promise<LoggedStep> {
  const start = performance.now();
  const metrics = await trainer.next();
  const seconds = (performance.now() - start) / 1000;
  return { type: "step", ...metrics, seconds: round(seconds), inputsPerSecond: round(metrics.inputs / seconds) };
}

async function interrupted(options: RunOptions, trainer: Trainer): Promise<"interrupted"> {
  await checkpoint(options, trainer);
  return "interrupted";
}

async function checkpoint({ out, recipe }: RunOptions, trainer: Trainer): Promise<void> {
  await saveCheckpoint(join(out, RUN_FILES.checkpoints), { ...trainer.state(), position: {} }, { keep: recipe.keepCheckpoints });
}

async function hasCheckpoint({ out, resume }: RunOptions): Promise<boolean> {
  return resume && (await loadLatestCheckpoint(join(out, RUN_FILES.checkpoints))).checkpoint !== undefined;
}

/** Loads the last whole checkpoint and drops what was logged after it: those steps come again. */
async function resumeFrom({ out, resume }: RunOptions, trainer: Trainer): Promise<void> {
  const metrics = join(out, RUN_FILES.metrics);
  if (!resume) return rm(metrics, { force: true });
  const { checkpoint: state } = await loadLatestCheckpoint(join(out, RUN_FILES.checkpoints));
  if (state !== undefined) trainer.load(state);
  const isLogged = await stat(metrics).then(Boolean, () => false);
  if (!isLogged) return;
  const { rows } = await readJsonLines(metrics);
  await writeJsonLines(
    metrics,
    rows.filter((row) => typeof row === "object" && row !== null && "step" in row && Number(row.step) <= trainer.step),
  );
}

/** Checks that the folder is free for this run, and notes the recipe in it. */
async function claimFolder(folder: string, { recipe, resume }: RunOptions): Promise<void> {
  const file = join(folder, RUN_FILES.config);
  const found = await readJsonFile(file).catch(() => undefined);
  if (found !== undefined && !resume) throw taken(folder, "it holds a run already. Go on with it by --resume, or choose another folder");
  if (found !== undefined && !isDeepStrictEqual(found, plain(recipe))) {
    throw taken(
      folder,
      `the run in it has another recipe than "${recipe.name}". Resume it with the recipe it was begun with (${file}), or choose another folder`,
    );
  }
  await writeJsonAtomic(file, recipe);
}

function taken(folder: string, reason: string): TrainingError {
  return new TrainingError({ message: `cannot train in ${folder}: ${reason}`, details: { run: folder } });
}

function trainableModel({ model }: Recipe, prepared: PreparedModel): TrainableModel {
  const { config, paths, weights, tokenizer, imageProcessor } = prepared;
  const processor = new Qwen2VLProcessor({ config, tokenizer, imageProcessor, prompts: DEFAULT_PROMPT_TEMPLATE });
  return { config, paths, lora: model.lora, weights, processor: trainingProcessor(processor, MAX_TOKENS) };
}

interface Trained {
  readonly prepared: PreparedModel;
  readonly weights: ReadonlyMap<string, FloatTensor>;
}

async function saveTrainedModel(folder: string, { recipe, dtype, out }: RunOptions, { prepared, weights }: Trained): Promise<void> {
  const { config, paths, tokenizerSource: tokenizer, imageProcessor } = prepared;
  const calibration = await readJsonFile(join(out, RUN_FILES.calibration)).catch(() => undefined);
  const polyvec = {
    backbone: "qwen2_vl",
    paths,
    matryoshkaDimensions: [],
    prompts: DEFAULT_PROMPT_TEMPLATE,
    instructions: {},
    maxTokens: MAX_TOKENS,
    provenance: { recipe: plain(recipe), ...(calibration === undefined ? {} : { calibration }) },
  } as const;
  const contents = { config, polyvec, imageProcessor, tokenizer, weights, lora: recipe.model.lora };
  await saveModelFolder(folder, contents, dtype === undefined ? {} : { dtype });
}

function isDue(step: number, every: number | undefined): boolean {
  return every !== undefined && step % every === 0;
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value)) as unknown;
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
