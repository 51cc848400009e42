import type { Graph } from "../../engine/graph/graph-builder.ts";
import type { FloatTensor } from "../../engine/tensor/tensor.ts";
import { visionModeOf } from "../../model/multimodal/token-batch.ts";
import type { ContrastiveBatch, LanguageBatch } from "../batch-source.ts";
import { contrastiveGraph, SIDE_PREFIXES } from "./contrastive-graph.ts";
import { GradientSession } from "./gradient-session.ts";
import { languageGraph } from "./language-graph.ts";
import { SessionCache } from "./session-cache.ts";
import type { StepEngine, StepEngineOptions, StepInputs, StepResult } from "./step-engine.ts";
import {
  LOSS_SEEDS,
  answerInputs,
  batchInputs,
  contrastInputs,
  contrastiveParts,
  dropoutInputs,
  lossOptions,
  lossSeed,
  scalarOf,
} from "./step-tensors.ts";

/** Computes losses and gradients of whole batches, each in one run of one graph. Graphs are made when a batch first needs them. */
export class StepRunner implements StepEngine {
  readonly #options: StepEngineOptions;
  readonly #sessions = new SessionCache<GradientSession>();
  readonly #memory = new Map<string, FloatTensor>();

  constructor(options: StepEngineOptions) {
    this.#options = options;
  }

  run(inputs: StepInputs): Promise<StepResult> {
    const { batch } = inputs;
    return batch.kind === "language" ? this.#runLanguage(batch, inputs) : this.#runContrastive(batch, inputs);
  }

  async dispose(): Promise<void> {
    await this.#sessions.dispose();
  }

  async #runLanguage(batch: LanguageBatch, { weights, lossScale, randomKeys = [] }: StepInputs): Promise<StepResult> {
    const { model, processor } = this.#options;
    const tokens = await processor.languageBatch(batch.examples);
    const vision = visionModeOf(tokens.batch);
    const session = await this.#session(`language ${vision}`, () => languageGraph({ ...model, vision }).graph);
    const dropped = dropoutInputs(model, randomKeys, { side: "caption", start: 0, count: batch.examples.length });
    const inputs = { ...batchInputs(model, tokens.batch), ...answerInputs(tokens), ...lossSeed(lossScale), ...dropped };
    const { outputs, gradients } = await session.run(inputs, weights);
    return { loss: scalarOf(outputs, "loss"), precision: scalarOf(outputs, "accuracy"), pathLosses: [], pathPrecisions: [], gradients };
  }

  async #runContrastive(
    batch: ContrastiveBatch,
    { weights, estimator, lossWeights, lossScale, randomKeys = [] }: StepInputs,
  ): Promise<StepResult> {
    const { model, processor } = this.#options;
    const [query, target] = [await processor.embeddingBatch(batch.queries), await processor.embeddingBatch(batch.targets)];
    const [queryVision, targetVision] = [visionModeOf(query), visionModeOf(target)];
    const graph = (): Graph => contrastiveGraph({ model, loss: lossOptions(this.#options), queryVision, targetVision }).graph;
    const session = await this.#session(`contrastive ${queryVision} ${targetVision}`, graph);
    const inputs = {
      ...batchInputs(model, query, SIDE_PREFIXES.query),
      ...batchInputs(model, target, SIDE_PREFIXES.target),
      ...dropoutInputs(model, randomKeys, { side: "query", start: 0, count: batch.queries.length, prefix: SIDE_PREFIXES.query }),
      ...dropoutInputs(model, randomKeys, { side: "target", start: 0, count: batch.targets.length, prefix: SIDE_PREFIXES.target }),
      ...contrastInputs(batch, lossWeights),
      ...Object.fromEntries(estimator),
      ...lossSeed(lossScale),
    };
    const { outputs, gradients } = await session.run(inputs, weights);
    return { ...contrastiveParts(outputs), gradients };
  }

  #session(key: string, graph: () => Graph): Promise<GradientSession> {
    const { trainable, threads, precision } = this.#options;
    const options = { trainable, threads, precision, seeds: LOSS_SEEDS, memory: this.#memory };
    return this.#sessions.get(key, () => GradientSession.create(graph(), options));
  }
}
