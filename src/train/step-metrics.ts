import { present } from "../errors/families.ts";
import { batchSize, type TrainingBatch } from "./batch-source.ts";
import type { BatchDiversity } from "./monitor/batch-diversity.ts";
import type { LoggedReading } from "./monitor/logged-reading.ts";
import type { StepResult } from "./steps/step-engine.ts";

/** What is logged of one step. Times apart, the same for the same recipe on the same machine, resumed or not. */
export interface StepMetrics extends BatchMetrics, UpdateMetrics {
  /** Steps done, this one included. */
  readonly step: number;
  /** What the regulariser counted for at this step. */
  readonly regulariserWeight?: number;
  /** vCLUB's estimator on this step's first contrastive batch, before it learnt from it. */
  readonly estimator?: LoggedReading;
  /** How different the paths are on this step's first contrastive batch; at some steps only. */
  readonly diversity?: BatchDiversity;
  readonly learningRate: number;
}

/** What is logged of a step's update. */
export interface UpdateMetrics {
  /** Before clipping; not there if the step was skipped. */
  readonly gradientNorm?: number;
  /** The gradients overflowed: no weight was moved. */
  readonly isSkipped?: true;
  /** What the loss was multiplied by, with precision `float16`. */
  readonly lossScale?: number;
  /** Steps without an update so far, this one included, with precision `float16`. */
  readonly skippedSteps?: number;
}

/** What is logged of a step's batches: means over them if there are several (accumulation). */
export interface BatchMetrics {
  /** Of the first batch. */
  readonly kind: TrainingBatch["kind"];
  /** All different ones, by comma. */
  readonly task: string;
  readonly loss: number;
  /** P@1 within the batch (contrastive), share of answer tokens guessed (language). */
  readonly precision: number;
  /** InfoNCE of the aggregate, which with one path is the loss; only with several paths. */
  readonly aggregateLoss?: number;
  /** InfoNCE and P@1 of each path by itself; only with several paths. */
  readonly pathLosses?: readonly number[];
  readonly pathPrecisions?: readonly number[];
  /** Without its weight. */
  readonly regulariser?: number;
  /** Inputs (queries and targets) of the step. */
  readonly inputs: number;
}

/** A batch and what came of it. */
export interface FinishedBatch {
  readonly batch: TrainingBatch;
  readonly result: Omit<StepResult, "gradients">;
}

/** What is logged of a step's batches. */
export function batchMetrics(parts: readonly FinishedBatch[]): BatchMetrics {
  const results = parts.map(({ result }) => result);
  return {
    kind: present(parts[0], "a batch").batch.kind,
    task: [...new Set(parts.map(({ batch }) => batch.task))].join(","),
    loss: mean(results.map(({ loss }) => loss)),
    precision: mean(results.map(({ precision }) => precision)),
    ...pathMetrics(results.filter(({ pathLosses }) => pathLosses.length > 1)),
    inputs: parts.reduce((sum, { batch }) => sum + batchSize(batch), 0),
  };
}

function pathMetrics(results: readonly FinishedBatch["result"][]): Partial<BatchMetrics> {
  const [first] = results;
  if (first === undefined) return {};
  const perPath = (of: (result: FinishedBatch["result"]) => readonly number[]): number[] =>
    first.pathLosses.map((_, path) => mean(results.map((result) => of(result)[path] ?? Number.NaN)));
  const [aggregateLosses, regularisers] = [
    results.flatMap(({ aggregateLoss }) => aggregateLoss ?? []),
    results.flatMap(({ regulariser }) => regulariser ?? []),
  ];
  return {
    ...(aggregateLosses.length === 0 ? {} : { aggregateLoss: mean(aggregateLosses) }),
    pathLosses: perPath(({ pathLosses }) => pathLosses),
    pathPrecisions: perPath(({ pathPrecisions }) => pathPrecisions),
    ...(regularisers.length === 0 ? {} : { regulariser: mean(regularisers) }),
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
