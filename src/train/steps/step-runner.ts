import { expectFloat, scalar, type FloatTensor, type Tensor } from "../../engine/tensor/tensor.ts";
import { present } from "../../errors/families.ts";
import type { ModelGraphOptions, VisionMode } from "../../model/backbones/qwen2-vl/model.ts";
import { modelInputs, visionModeOf, type TokenBatch } from "../../model/backbones/qwen2-vl/model-inputs.ts";
import type { ContrastiveBatch, LanguageBatch, TrainingBatch } from "../batch-source.ts";
import { makeMasks } from "../objective/contrastive-masks.ts";
import type { EstimatorShape } from "../objective/estimator-graph.ts";
import type { LossWeights } from "../objective/objective.ts";
import type { LossOptions, Regulariser } from "../objective/loss-graph.ts";
import type { NamedTensors } from "../optimizer/optimizer.ts";
import type { BatchProcessor } from "./batch-processor.ts";
import { contrastiveGraph, SIDE_PREFIXES } from "./contrastive-graph.ts";
import { GradientSession, scalarOf } from "./gradient-session.ts";
import { languageGraph } from "./language-graph.ts";

/** What a step runner is made for. */
export interface StepRunnerOptions {
  readonly model: Omit<ModelGraphOptions, "vision" | "inputPrefix">;
  readonly regulariser: Regulariser;
  readonly symmetric: boolean;
  readonly processor: BatchProcessor;
  /** Which weights are trained. */
  readonly trainable: (name: string) => boolean;
  readonly threads?: number | undefined;
}

/** What the loss is computed with at one step. */
export interface StepInputs {
  readonly batch: TrainingBatch;
  /** All weights by name. */
  readonly weights: NamedTensors;
  /** Tensors of the mutual information estimator, if there is one. */
  readonly estimator: NamedTensors;
  readonly lossWeights: LossWeights;
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
  readonly embeddings?: { readonly queryPaths: FloatTensor; readonly targetPaths: FloatTensor };
  readonly gradients: NamedTensors;
}

/** Computes losses and gradients of whole batches, each in one run of one graph. Graphs are made when a batch first needs them. */
export class StepRunner {
  readonly #options: StepRunnerOptions;
  readonly #sessions = new Map<string, Promise<GradientSession>>();

  constructor(options: StepRunnerOptions) {
    this.#options = options;
  }

  run(inputs: StepInputs): Promise<StepResult> {
    const { batch } = inputs;
    return batch.kind === "language" ? this.#runLanguage(batch, inputs) : this.#runContrastive(batch, inputs);
  }

  async dispose(): Promise<void> {
    const sessions = [...this.#sessions.values()];
    this.#sessions.clear();
    await Promise.all(sessions.map(async (session) => (await session).dispose()));
  }

  async #runLanguage(batch: LanguageBatch, { weights }: StepInputs): Promise<StepResult> {
    const tokens = await this.#options.processor.languageBatch(batch.examples);
    const vision = visionModeOf(tokens.batch);
    const session = await this.#session(`language ${vision}`, () => languageGraph({ ...this.#options.model, vision }).graph);
    const inputs = { ...this.#inputs(tokens.batch, ""), answerRows: tokens.answerRows, answerIds: tokens.answerIds };
    const { outputs, gradients } = await session.run(inputs, weights);
    return { loss: scalarOf(outputs, "loss"), precision: scalarOf(outputs, "accuracy"), pathLosses: [], pathPrecisions: [], gradients };
  }

  async #runContrastive(batch: ContrastiveBatch, { weights, estimator, lossWeights }: StepInputs): Promise<StepResult> {
    const { processor } = this.#options;
    const [query, target] = [await processor.embeddingBatch(batch.queries), await processor.embeddingBatch(batch.targets)];
    const session = await this.#contrastiveSession(visionModeOf(query), visionModeOf(target));
    const inputs = {
      ...this.#inputs(query, SIDE_PREFIXES.query),
      ...this.#inputs(target, SIDE_PREFIXES.target),
      ...contrastInputs(batch, lossWeights),
      ...Object.fromEntries(estimator),
    };
    const { outputs, gradients } = await session.run(inputs, weights);
    return { ...contrastiveParts(outputs), gradients };
  }

  #contrastiveSession(queryVision: VisionMode, targetVision: VisionMode): Promise<GradientSession> {
    const { model, regulariser, symmetric } = this.#options;
    const loss: LossOptions = { pathCount: model.paths.count, dimensions: model.config.hiddenSize, regulariser, symmetric };
    const graph = () => contrastiveGraph({ model, loss, queryVision, targetVision }).graph;
    return this.#session(`contrastive ${queryVision} ${targetVision}`, graph);
  }

  #session(key: string, graph: () => Parameters<typeof GradientSession.create>[0]): Promise<GradientSession> {
    const known = this.#sessions.get(key);
    if (known !== undefined) return known;
    const { trainable, threads } = this.#options;
    const made = GradientSession.create(graph(), { trainable, memoryPattern: false, ...(threads === undefined ? {} : { threads }) });
    this.#sessions.set(key, made);
    return made;
  }

  #inputs(batch: TokenBatch, prefix: string): Record<string, Tensor> {
    const { config, paths } = this.#options.model;
    return Object.fromEntries(Object.entries(modelInputs(config, paths, batch)).map(([name, tensor]) => [prefix + name, tensor]));
  }
}

/** Masks and scalars of the contrastive loss as graph inputs. */
export function contrastInputs(batch: ContrastiveBatch, weights: LossWeights): Record<string, Tensor> {
  const { length } = batch.queries;
  return {
    ...makeMasks(batch.targetKeys.slice(0, length), batch.targetKeys.slice(length)),
    temperature: scalar(weights.temperature),
    pathWeight: scalar(weights.pathWeight),
    regulariserWeight: scalar(weights.regulariserWeight),
  };
}

/** Shape of the estimator that a regulariser brings. */
export function estimatorShapeOf(regulariser: Regulariser): EstimatorShape | undefined {
  return regulariser.kind === "vclub" ? regulariser.estimator : undefined;
}

function contrastiveParts(outputs: Readonly<Record<string, Tensor>>): Omit<StepResult, "gradients"> {
  const floats = (name: string): FloatTensor => expectFloat(present(outputs[name], name));
  return {
    loss: scalarOf(outputs, "loss"),
    precision: scalarOf(outputs, "aggregatePrecision"),
    aggregateLoss: scalarOf(outputs, "aggregateLoss"),
    regulariser: scalarOf(outputs, "regulariser"),
    pathLosses: [...floats("pathLosses").data],
    pathPrecisions: [...floats("pathPrecisions").data],
    embeddings: { queryPaths: floats("queryPaths"), targetPaths: floats("targetPaths") },
  };
}
