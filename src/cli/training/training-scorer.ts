import { evaluateEmbedder } from "../../eval/benchmark/evaluate-embedder.ts";
import type { ModelEvaluation } from "../../eval/evaluate.ts";
import type { EvaluableTask } from "../../eval/ranking-task.ts";
import { precisionAtOne } from "../../eval/scoring.ts";
import type { EmbeddingInput } from "../../inputs/embedding-input.ts";
import { WeightEmbedder } from "../../train/embed-with-weights.ts";
import type { TrainableModel } from "../../train/trainable-model.ts";

/** Scores a model in training on a benchmark's tasks, with the weights it has at the moment. */
export class TrainingScorer implements AsyncDisposable {
  readonly #tasks: readonly EvaluableTask<EmbeddingInput>[];
  readonly #threads: number | undefined;
  #open: { readonly model: TrainableModel; readonly embedder: WeightEmbedder } | undefined;

  constructor(tasks: readonly EvaluableTask<EmbeddingInput>[], threads?: number) {
    this.#tasks = tasks;
    this.#threads = threads;
  }

  /**
   * Mean P@1 over the tasks: of the `aggregate`, and with several paths of `all` and of each, `path 0`, `path 1`, ...
   * @throws {AbortedError} when `signal` fires.
   */
  async score(model: TrainableModel, signal?: AbortSignal): Promise<Record<string, number>> {
    const embedder = await this.#embedder(model);
    const evaluation = await evaluateEmbedder((inputs) => embedder.embed(inputs, { signal }), this.#tasks, { signal });
    const scores = { aggregate: meanPrecision(evaluation, ({ aggregate }) => aggregate) };
    if (evaluation.pathCount === 1) return scores;
    const paths = Array.from({ length: evaluation.pathCount }, (_, path): [string, number] => [
      pathScoreName(path),
      meanPrecision(evaluation, (hits) => hits.paths[path] as Uint8Array),
    ]);
    return { ...scores, all: meanPrecision(evaluation, ({ all }) => all), ...Object.fromEntries(paths) };
  }

  async dispose(): Promise<void> {
    await this.#open?.embedder.dispose();
    this.#open = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  /** Its graphs are made once and serve as long as it is the same model. */
  async #embedder(model: TrainableModel): Promise<WeightEmbedder> {
    if (this.#open?.model === model) return this.#open.embedder;
    await this.dispose();
    const embedder = new WeightEmbedder(model, { threads: this.#threads });
    this.#open = { model, embedder };
    return embedder;
  }
}

/** What a path is called among the scores. */
export function pathScoreName(path: number): string {
  return `path ${path}`;
}

type Hits = ModelEvaluation["tasks"][number]["hits"];

function meanPrecision({ tasks }: ModelEvaluation, pick: (hits: Hits) => Uint8Array): number {
  return tasks.reduce((sum, { hits }) => sum + precisionAtOne(pick(hits)), 0) / tasks.length;
}
