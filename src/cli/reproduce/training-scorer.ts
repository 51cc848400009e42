import { GraphSession } from "../../engine/runtime/graph-session.ts";
import { expectFloat } from "../../engine/tensor/tensor.ts";
import { joinSets, type EmbeddingSet } from "../../embed/embedding-set.ts";
import { present } from "../../errors/families.ts";
import { evaluateEmbedder } from "../../eval/benchmark/evaluate-embedder.ts";
import type { ModelEvaluation } from "../../eval/evaluate.ts";
import type { EvaluableTask } from "../../eval/ranking-task.ts";
import { precisionAtOne } from "../../eval/scoring.ts";
import type { EmbeddingInput } from "../../inputs/embedding-input.ts";
import { modelInputs, visionModeOf } from "../../model/backbones/qwen2-vl/model-inputs.ts";
import { embeddingGraph, type VisionMode } from "../../model/backbones/qwen2-vl/model.ts";
import type { TrainableModel } from "../../train/trainable-model.ts";
import { pathScoreName } from "./run-log.ts";

/** Inputs that are embedded at a time. */
const BATCH = 32;

/** Scores a model in training on a benchmark's tasks: its weights are inputs of the graphs, which are made once for the whole run. */
export class TrainingScorer implements AsyncDisposable {
  readonly #tasks: readonly EvaluableTask<EmbeddingInput>[];
  readonly #threads: number | undefined;
  readonly #sessions = new Map<VisionMode, Promise<GraphSession>>();

  constructor(tasks: readonly EvaluableTask<EmbeddingInput>[], threads?: number) {
    this.#tasks = tasks;
    this.#threads = threads;
  }

  /** Mean P@1 over the tasks: of the `aggregate`, and with several paths of `all` and of each, `path 0`, `path 1`, ... @throws {AbortedError} when `signal` fires. */
  async score(model: TrainableModel, signal?: AbortSignal): Promise<Record<string, number>> {
    const evaluation = await evaluateEmbedder((inputs) => this.#embed(model, inputs), this.#tasks, { signal });
    const scores = { aggregate: meanPrecision(evaluation, ({ aggregate }) => aggregate) };
    if (evaluation.pathCount === 1) return scores;
    const paths = Array.from({ length: evaluation.pathCount }, (_, path): [string, number] => [
      pathScoreName(path),
      meanPrecision(evaluation, (hits) => hits.paths[path] as Uint8Array),
    ]);
    return { ...scores, all: meanPrecision(evaluation, ({ all }) => all), ...Object.fromEntries(paths) };
  }

  async dispose(): Promise<void> {
    const sessions = [...this.#sessions.values()];
    this.#sessions.clear();
    await Promise.all(sessions.map(async (session) => (await session).dispose()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  async #embed(model: TrainableModel, inputs: readonly EmbeddingInput[]): Promise<EmbeddingSet> {
    const sets: EmbeddingSet[] = [];
    for (let from = 0; from < inputs.length; from += BATCH) sets.push(await this.#embedBatch(model, inputs.slice(from, from + BATCH)));
    return joinSets(sets);
  }

  async #embedBatch(model: TrainableModel, inputs: readonly EmbeddingInput[]): Promise<EmbeddingSet> {
    const { config, paths, weights, processor } = model;
    const batch = await processor.embeddingBatch(inputs);
    const session = await this.#session(model, visionModeOf(batch));
    const used = [...weights].filter(([name]) => session.inputs.has(name));
    const outputs = await session.run({ ...modelInputs(config, paths, batch), ...Object.fromEntries(used) });
    const floats = (name: string): Float32Array => expectFloat(present(outputs[name], name)).data;
    const sizes = { count: inputs.length, pathCount: paths.count, dimensions: config.hiddenSize };
    return { ...sizes, aggregate: floats("aggregate"), paths: floats("paths") };
  }

  #session({ config, paths, lora }: TrainableModel, vision: VisionMode): Promise<GraphSession> {
    const known = this.#sessions.get(vision);
    if (known !== undefined) return known;
    const { graph } = embeddingGraph({ config, paths, lora, vision });
    const made = GraphSession.create(graph, this.#threads === undefined ? {} : { threads: this.#threads });
    this.#sessions.set(vision, made);
    return made;
  }
}

type Hits = ModelEvaluation["tasks"][number]["hits"];

function meanPrecision({ tasks }: ModelEvaluation, pick: (hits: Hits) => Uint8Array): number {
  return tasks.reduce((sum, { hits }) => sum + precisionAtOne(pick(hits)), 0) / tasks.length;
}
