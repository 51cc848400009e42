import { planBatches, type InputSize } from "../embed/plan-batches.ts";
import type { EmbeddingSet } from "../embed/embedding-set.ts";
import { GraphSession } from "../engine/runtime/graph-session.ts";
import { throwIfAborted } from "../embed/abort.ts";
import { imagesOf, isVerbatim, type PromptInput } from "../inputs/embedding-input.ts";
import { embeddingGraph } from "../model/multimodal/model.ts";
import type { VisionMode } from "../model/multimodal/token-batch.ts";
import { visionModeOf } from "../model/multimodal/token-batch.ts";
import { trainingPlaces } from "./frozen-weights.ts";
import { SessionCache } from "./steps/session-cache.ts";
import { stepSessionOptions } from "./steps/step-session-options.ts";
import { batchInputs, floatsOf } from "./steps/step-tensors.ts";
import type { TrainableModel } from "./trainable-model.ts";

/** How a model in training embeds. */
export interface WeightEmbedderOptions {
  /** Inputs that the model takes at a time; 32 if not given. */
  readonly batchSize?: number | undefined;
  readonly threads?: number | undefined;
}

/**
 * Embeds with the weights that a model in training has at the moment: they are inputs of the graphs, which are made once and serve as long as the model
 * is trained. Texts and images are batched apart, by size.
 */
export class WeightEmbedder implements AsyncDisposable {
  readonly #model: TrainableModel;
  readonly #batchSize: number;
  readonly #threads: number | undefined;
  readonly #sessions = new SessionCache<GraphSession>();

  constructor(model: TrainableModel, { batchSize = 32, threads }: WeightEmbedderOptions = {}) {
    this.#model = model;
    this.#batchSize = batchSize;
    this.#threads = threads;
  }

  /**
   * Embeds inputs; rows are in their order.
   * @throws {ProcessorError} if an input is empty or its image cannot be decoded. @throws {AbortedError} when `signal` fires, between two batches.
   */
  async embed(inputs: readonly PromptInput[], { signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<EmbeddingSet> {
    const { paths, backbone } = this.#model;
    const [pathCount, dimensions, count] = [paths.count, backbone.decoder.hiddenSize, inputs.length];
    const [aggregate, allPaths] = [new Float32Array(count * dimensions), new Float32Array(count * pathCount * dimensions)];
    const set: EmbeddingSet = { count, pathCount, dimensions, aggregate, paths: allPaths };
    const sizes = inputs.map((input) => sizeOf(input));
    for (const places of planBatches(sizes, this.#batchSize)) {
      throwIfAborted(signal);
      const { aggregates, paths: vectors } = await this.#embedBatch(places.map((place) => inputs[place] as PromptInput));
      places.forEach((place, row) => {
        set.aggregate.set(rowOf(aggregates, row, dimensions), place * dimensions);
        set.paths.set(rowOf(vectors, row, pathCount * dimensions), place * pathCount * dimensions);
      });
    }
    return set;
  }

  async dispose(): Promise<void> {
    await this.#sessions.dispose();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  async #embedBatch(inputs: readonly PromptInput[]): Promise<{ readonly aggregates: Float32Array; readonly paths: Float32Array }> {
    const { processor, weights } = this.#model;
    const batch = await processor.embeddingBatch(inputs);
    const session = await this.#session(visionModeOf(batch));
    const outputs = await session.run({ ...batchInputs(this.#model, batch), ...Object.fromEntries(weights) });
    return { aggregates: floatsOf(outputs, "aggregate").data, paths: floatsOf(outputs, "paths").data };
  }

  #session(vision: VisionMode): Promise<GraphSession> {
    const { backbone, paths, lora, frozen } = this.#model;
    const place = trainingPlaces(frozen);
    return this.#sessions.get(vision, () =>
      GraphSession.create(embeddingGraph({ backbone, paths, lora, vision, place }).graph, stepSessionOptions({ threads: this.#threads })),
    );
  }
}

/**
 * How large an input is, as far as is seen without decoding it. What is guessed wrong costs some padding: it only decides which inputs are batched
 * together.
 */
function sizeOf(input: PromptInput): InputSize {
  const text = isVerbatim(input) ? input.prompt : `${input.text ?? ""}${input.instruction ?? ""}`;
  const tokens = Math.ceil(text.length / CHARACTERS_PER_TOKEN);
  const [image] = imagesOf(input);
  if (image === undefined) return { tokens };
  if (typeof image === "string" || !("width" in image)) return { tokens, grid: { rows: 1, columns: 1 } };
  return { tokens, grid: { rows: Math.ceil(image.height / PATCH), columns: Math.ceil(image.width / PATCH) } };
}

const CHARACTERS_PER_TOKEN = 4;
/** Pixels a side of a usual patch. */
const PATCH = 14;

function rowOf(matrix: Float32Array, row: number, width: number): Float32Array {
  return matrix.subarray(row * width, (row + 1) * width);
}
