import { join } from "node:path";
import { writeJsonAtomic } from "../../files/atomic-write.ts";
import { readJsonFile } from "../../files/json-file.ts";
import { lockFolder } from "../../files/run-lock.ts";
import { calibratePrefixes, needsCalibration } from "../calibrate-prefixes.ts";
import { allShapes } from "../frozen-weights.ts";
import type { Communicator } from "../distributed/communicator.ts";
import { shareState } from "../distributed/share-state.ts";
import { SINGLE_PROCESS } from "../distributed/single-process.ts";
import { loadLatestCheckpoint, type LatestCheckpoint } from "../checkpoint/load-checkpoint.ts";
import { countParameters } from "../count-parameters.ts";
import { RunMonitor } from "../monitor/run-monitor.ts";
import { prepareModel, trainableModel, type PreparedModel } from "../prepare-model.ts";
import type { RecipeDifference } from "../recipe/recipe-differences.ts";
import type { Recipe } from "../recipe/recipe-types.ts";
import { RunBoard } from "../tensorboard/run-board.ts";
import type { TrainableModel } from "../trainable-model.ts";
import { Trainer } from "../trainer.ts";
import { checkSameRun } from "./check-same-run.ts";
import { followTraining } from "./follow-training.ts";
import { claimFolder } from "./claim-folder.ts";
import type { LoggedEvent, RunCalibrated } from "./run-events.ts";
import { RUN_FILES } from "./run-files.ts";
import { RunLog } from "./run-log.ts";
import type { RunOptions, RunResult } from "./run-options.ts";
import { notingStatus } from "./run-status.ts";
import { saveTrainedModel } from "./save-trained-model.ts";
import { trainSteps, type ReadyRun } from "./train-steps.ts";

/**
 * Trains a recipe in a run folder: `config.json`, `metrics.jsonl`, `status.json`, `tensorboard/`, `checkpoints/`, at the end `model/`. Interrupted or killed, it goes on
 * from its last whole checkpoint with the very same numbers. With a communicator several processes share the work; all but the first follow it.
 * @throws {TrainingError} if the folder is in use or holds another run, or the loss is not finite. @throws {FileError} if it cannot be written.
 */
export async function runTraining(options: RunOptions): Promise<RunResult> {
  const { communicator = SINGLE_PROCESS } = options;
  return communicator.rank === 0 ? leadTraining(options, communicator) : followTraining(options, communicator);
}

async function leadTraining(options: RunOptions, communicator: Communicator): Promise<RunResult> {
  await using lock = await lockFolder(options.out);
  const changes = await claimFolder(lock.folder, options);
  return await notingStatus(lock.folder, () => trainInFolder(options, { communicator, changes }));
}

/** A folder that is ours to train in. */
interface Claimed {
  readonly communicator: Communicator;
  /** Settings that are others than the run was begun with. */
  readonly changes: readonly RecipeDifference[];
}

async function trainInFolder(options: RunOptions, { communicator, changes }: Claimed): Promise<RunResult> {
  const { recipe, out, source, threads, onEvent } = options;
  const latest = options.resume ? await loadLatestCheckpoint(join(out, RUN_FILES.checkpoints)) : NO_CHECKPOINT;
  const prepared = await prepareModel(recipe, options);
  const model = trainableModel(recipe, prepared);
  const calibration = latest.checkpoint === undefined ? await calibrate(options, { prepared, model }) : undefined;
  await using trainer = await Trainer.create({ recipe, model, source, threads, communicator });
  if (latest.checkpoint !== undefined) trainer.load(latest.checkpoint);
  await checkSameRun(communicator, recipe, model);
  await shareState(communicator, trainer);
  const resumedFrom = latest.checkpoint?.step;
  await using board = await RunBoard.open(join(out, RUN_FILES.tensorboard), { recipe, resumedFrom });
  await using log = await RunLog.open(join(out, RUN_FILES.metrics), { resumedFrom, onEvent, board });
  const run: ReadyRun = { trainer, model, log, monitor: monitorOf(recipe) };
  log.replay(run.monitor);
  log.tell({
    type: "begin",
    step: trainer.step,
    steps: recipe.steps,
    parameters: countParameters(allShapes(model), recipe.model, model.backbone),
  });
  if (calibration !== undefined) log.tell(calibration);
  if (changes.length > 0) await log.record({ type: "change", step: trainer.step, changes });
  for (const warning of openingWarnings(options, { latest, calibration, step: trainer.step })) await log.record(warning);
  const status = await trainSteps(options, run);
  const { step } = trainer;
  const saved = status === "interrupted" ? undefined : await saveModel(options, { prepared, run });
  await communicator.barrier();
  return { status, step, folder: out, model: saved };
}

const NO_CHECKPOINT: LatestCheckpoint = { checkpoint: undefined, warnings: [] };

function monitorOf({ model, objective }: Recipe): RunMonitor {
  const { regulariser } = objective;
  return new RunMonitor({ pathCount: model.paths.count, estimatorPairs: regulariser.kind === "vclub" ? regulariser.pairs : undefined });
}

/** Scales the fresh prefixes, where the recipe wants it, and notes the scale in the run folder. */
async function calibrate(
  { recipe, source, threads, out }: RunOptions,
  { prepared, model }: { readonly prepared: PreparedModel; readonly model: TrainableModel },
): Promise<RunCalibrated | undefined> {
  if (!prepared.hasFreshPrefixes || !needsCalibration(recipe.model.paths)) return undefined;
  const calibration = await calibratePrefixes(model, { targetCosine: recipe.model.paths.targetCosine, source, threads });
  await writeJsonAtomic(join(out, RUN_FILES.calibration), calibration);
  return { type: "calibration", ...calibration };
}

/** Cosines this far from the target still count as reached. */
const NEAR_TARGET = 0.05;

interface Opening {
  readonly latest: LatestCheckpoint;
  readonly calibration: RunCalibrated | undefined;
  readonly step: number;
}

/** What is to be said before the first step: checkpoints that are damaged, a calibration that missed its target. */
function openingWarnings({ recipe }: RunOptions, { latest, calibration, step }: Opening): LoggedEvent[] {
  const warnings = latest.warnings.map(({ message }): LoggedEvent => ({
    type: "warning",
    kind: "checkpoint-damaged",
    step,
    message: `${message}; the run goes on from step ${step}`,
  }));
  const { targetCosine } = recipe.model.paths;
  if (calibration === undefined || Math.abs(calibration.cosine - targetCosine) <= NEAR_TARGET) return warnings;
  const message =
    `no scale of the prefixes gives the paths a mean cosine of ${targetCosine}: the nearest, ${calibration.scale.toFixed(3)}, gives ` +
    `${calibration.cosine.toFixed(3)}. Aim at another model.paths.targetCosine, or take longer prefixes`;
  return [...warnings, { type: "warning", kind: "calibration-off", step, message }];
}

/** @returns the model's folder. */
async function saveModel(
  { recipe, out, dtype, instructions = {} }: RunOptions,
  { prepared, run }: { readonly prepared: PreparedModel; readonly run: ReadyRun },
): Promise<string> {
  const folder = join(out, RUN_FILES.model);
  const calibration = await readJsonFile(join(out, RUN_FILES.calibration)).catch(() => undefined);
  const provenance = { steps: run.trainer.step, ...(calibration === undefined ? {} : { calibration }), ...run.log.provenance() };
  await saveTrainedModel(folder, { recipe, prepared, weights: run.model.weights, instructions, provenance, dtype });
  return folder;
}
