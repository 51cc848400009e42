import type { FloatTensor } from "../../engine/tensor/tensor.ts";
import type { ModelGraphOptions } from "../../model/multimodal/model.ts";
import type { StreamKey } from "../../random/random-stream.ts";
import type { TrainingBatch } from "../batch-source.ts";
import type { Regulariser } from "../objective/loss-graph.ts";
import type { LossWeights } from "../objective/loss-settings.ts";
import type { NamedTensors } from "../optimizer/optimizer.ts";
import type { Precision } from "../precision/precision.ts";
import type { BatchProcessor } from "./batch-processor.ts";

/** Computes the loss and the gradients of a batch. */
export interface StepEngine {
  run(inputs: StepInputs): Promise<StepResult>;
  dispose(): Promise<void>;
}

/** What a step engine is made for. */
export interface StepEngineOptions {
  readonly model: Omit<ModelGraphOptions, "vision" | "inputPrefix">;
  readonly regulariser: Regulariser;
  /** Also lets targets look for their queries. */
  readonly symmetric: boolean;
  readonly processor: BatchProcessor;
  /** Which weights are trained. */
  readonly trainable: (name: string) => boolean;
  readonly threads?: number | undefined;
  /** What matrix products compute in; float32 if not given. */
  readonly precision?: Precision | undefined;
}

/** What the loss is computed with at one step. */
export interface StepInputs {
  readonly batch: TrainingBatch;
  /** By name; frozen ones only if the graphs take them as inputs. */
  readonly weights: NamedTensors;
  /** Tensors of the mutual information estimator, if there is one. */
  readonly estimator: NamedTensors;
  readonly lossWeights: LossWeights;
  /** Gradients are those of the loss times it, so that they do not vanish in halves; 1 if not given. */
  readonly lossScale?: number | undefined;
  /** What random numbers of the step are drawn by: keys of the run and the step. */
  readonly randomKeys?: readonly StreamKey[] | undefined;
}

/** A step's loss, its parts, and the gradients of the trainable weights. */
export interface StepResult {
  readonly loss: number;
  /** P@1 within the batch, or for language modelling the share of answer tokens guessed. */
  readonly precision: number;
  /** One per path; empty for language modelling. */
  readonly pathLosses: readonly number[];
  readonly pathPrecisions: readonly number[];
  readonly aggregateLoss?: number;
  readonly regulariser?: number;
  /** Path embeddings, not normalised, for the estimator and the measures of diversity; none for language modelling. */
  readonly embeddings?: StepEmbeddings;
  /** Valid until the next run, which may write into the same memory. */
  readonly gradients: NamedTensors;
}

/** The path embeddings of a batch: [B, N, D] and [M, N, D] float32, of any length. */
export interface StepEmbeddings {
  readonly queryPaths: FloatTensor;
  readonly targetPaths: FloatTensor;
}
