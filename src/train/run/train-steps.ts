import { join } from "node:path";
import { TrainingError } from "../../errors/families.ts";
import { PolyvecError } from "../../errors/polyvec-error.ts";
import { saveCheckpoint } from "../checkpoint/save-checkpoint.ts";
import { agreeOnStop, STOP, type Stop } from "../distributed/agreements.ts";
import { alignStates } from "../distributed/share-state.ts";
import { SINGLE_PROCESS } from "../distributed/single-process.ts";
import type { RunMonitor } from "../monitor/run-monitor.ts";
import type { Recipe } from "../recipe/recipe-types.ts";
import type { TrainableModel } from "../trainable-model.ts";
import type { Trainer } from "../trainer.ts";
import type { LoggedStep } from "./run-events.ts";
import { RUN_FILES } from "./run-files.ts";
import type { RunLog } from "./run-log.ts";
import type { RunOptions, RunResult } from "./run-options.ts";

/** A run that is ready for its next step. */
export interface ReadyRun {
  readonly trainer: Trainer;
  readonly model: TrainableModel;
  readonly log: RunLog;
  readonly monitor: RunMonitor;
}

/**
 * Takes the steps that are left, with checkpoints and evaluations in between. Interrupted, it writes a checkpoint.
 * @throws {TrainingError} if the loss, a gradient or a weight is not finite; checkpoints stay as they are.
 */
export async function trainSteps(options: RunOptions, run: ReadyRun): Promise<RunResult["status"]> {
  const { recipe, communicator = SINGLE_PROCESS } = options;
  const { trainer } = run;
  for (;;) {
    // at the beginning too: an earlier session may have been killed between step and evaluation
    const stop = await agreeOnStop(communicator, await evaluateIfDue(options, run));
    if (mustStop(stop, { step: trainer.step, recipe })) {
      await saveRun(options, run);
      return "interrupted";
    }
    if (trainer.step >= recipe.steps) return "finished";
    await takeStep(run);
    if (isCheckpointDue(trainer.step, recipe)) await saveRun(options, run);
  }
}

/** Whether a run ends here although it is not finished: there are steps left, or an evaluation was cut off. */
export function mustStop(stop: Stop, { step, recipe }: { readonly step: number; readonly recipe: Pick<Recipe, "steps"> }): boolean {
  return stop === STOP.needed || (stop === STOP.wanted && step < recipe.steps);
}

/** Whether a checkpoint is written after this step. */
export function isCheckpointDue(step: number, { steps, checkpointEverySteps }: Pick<Recipe, "steps" | "checkpointEverySteps">): boolean {
  return step === steps || isDue(step, checkpointEverySteps);
}

async function takeStep({ trainer, log, monitor }: ReadyRun): Promise<void> {
  const start = performance.now();
  const metrics = await trainer.next();
  const seconds = (performance.now() - start) / 1000;
  const step: LoggedStep = { type: "step", ...metrics, seconds: round(seconds), inputsPerSecond: round(metrics.inputs / seconds) };
  await log.record(step);
  for (const finding of monitor.take(step)) await log.record({ type: "warning", step: step.step, ...finding });
}

/** @returns whether the run is to go on: `signal` may have fired, before or within the evaluation. */
async function evaluateIfDue(options: RunOptions, run: ReadyRun): Promise<Stop> {
  const { signal } = options;
  try {
    await evaluateNow(options, run);
  } catch (error) {
    if (signal?.aborted === true && PolyvecError.isInstance(error) && error.code === "aborted") return STOP.needed;
    throw error;
  }
  return signal?.aborted === true ? STOP.wanted : STOP.no;
}

async function evaluateNow({ recipe, evaluate }: RunOptions, { trainer, model, log }: ReadyRun): Promise<void> {
  const { step } = trainer;
  const due = step > 0 && (step >= recipe.steps || isDue(step, recipe.evaluateEverySteps));
  if (evaluate === undefined || !due || log.hasScores(step)) return;
  const start = performance.now();
  const scores = await evaluate(model);
  await log.record({ type: "evaluation", step, scores, seconds: round((performance.now() - start) / 1000) });
}

async function saveRun({ out, recipe, communicator = SINGLE_PROCESS }: RunOptions, { trainer, log }: ReadyRun): Promise<void> {
  await alignStates(communicator, trainer);
  checkWeights(trainer);
  const state = { ...trainer.state(), position: {} };
  const { folder } = await saveCheckpoint(join(out, RUN_FILES.checkpoints), state, { keep: recipe.keepCheckpoints });
  log.tell({ type: "checkpoint", step: trainer.step, folder });
}

/** A model that is lost must not take the place of checkpoints that are not. */
function checkWeights({ trainedWeights, step }: Trainer): void {
  for (const [name, { data }] of trainedWeights) {
    if (data.every(Number.isFinite)) continue;
    throw new TrainingError({
      message: `step ${step}: the weight ${name} is not finite. Resume from the last checkpoint with a smaller optimizer.learningRate or a longer optimizer.warmUpSteps`,
      details: { step, tensor: name },
    });
  }
}

function isDue(step: number, every: number | undefined): boolean {
  return every !== undefined && step % every === 0;
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
