import { expectFloat } from "../engine/tensor/tensor.ts";
import { DisposedError, present, WeightsError } from "../errors/families.ts";
import type { EmbeddingInput } from "../inputs/embedding-input.ts";
import { modelInputs } from "../model/multimodal/model-inputs.ts";
import { visionModeOf } from "../model/multimodal/token-batch.ts";
import { selectPaths } from "../model/paths/select-paths.ts";
import { throwIfAborted } from "./abort.ts";
import { cutVector } from "./cut-vector.ts";
import { resolveEmbedOptions, type Embedding, type EmbedOptions, type ResolvedEmbedOptions } from "./embed-options.ts";
import type { EmbeddingModel } from "./embedding-model.ts";
import { EmbeddingSessions, type EmbedderOptions } from "./embedding-sessions.ts";
import { singleVectorSet, type EmbeddingSet } from "./embedding-set.ts";
import { inputWindows } from "./input-windows.ts";
import { preparedBytes, prepareInput } from "./prepare-input.ts";
import { batchesOf, processInputs, type ReadyInput } from "./process-inputs.ts";
import { ProgressCounter } from "./progress-counter.ts";

/** What became of one input: its embedding, or why there is none. */
export type EmbeddingOutcome =
  | { readonly index: number; readonly embedding: Embedding; readonly error?: undefined }
  | { readonly index: number; readonly embedding?: undefined; readonly error: Error };

/** Batches that are made ready together, so that inputs of like size find each other. */
const BATCHES_PER_WINDOW = 4;

/** Turns inputs into embeddings. Made by `loadModel`; dispose it to free its memory. */
export class Embedder implements AsyncDisposable {
  readonly #model: EmbeddingModel;
  readonly #sessions: EmbeddingSessions;
  #fingerprint: Promise<string> | undefined;
  #disposed = false;

  constructor(model: EmbeddingModel, options: EmbedderOptions = {}) {
    this.#model = model;
    this.#sessions = new EmbeddingSessions(model, options);
  }

  /** The folder or name the model was loaded by. */
  get name(): string {
    return this.#model.name;
  }

  /** N, the paths of the model. */
  get pathCount(): number {
    return this.#model.polyvec.paths.count;
  }

  /** D, the numbers of a vector that is not cut. */
  get dimensions(): number {
    return this.#model.processor.backbone.decoder.hiddenSize;
  }

  /** Lengths to which vectors may be cut because the model was trained for it, ascending. */
  get matryoshkaDimensions(): readonly number[] {
    return this.#model.polyvec.matryoshkaDimensions;
  }

  /** Instructions that the model was trained with, by what they are for: `text-to-image`, `image-to-image`, `target-image`, ... */
  get instructions(): Readonly<Record<string, string>> {
    return this.#model.polyvec.instructions;
  }

  /** A name for what the model computes, for caches of its embeddings; undefined for a model that has no files. */
  async fingerprint(): Promise<string | undefined> {
    this.#fingerprint ??= this.#model.fingerprint?.();
    return this.#fingerprint;
  }

  /**
   * Embeds inputs; results are in their order.
   * @throws {ProcessorError} if an input is empty, its image cannot be decoded or does not fit: details `input`, its index, and `file`.
   * @throws {ConfigError} if an option is wrong. @throws {AbortedError} when `signal` fires. @throws {DisposedError} after `dispose`.
   */
  async embed(inputs: readonly EmbeddingInput[], options: EmbedOptions = {}): Promise<Embedding[]> {
    const embeddings: Embedding[] = [];
    for await (const outcome of this.embedEach(inputs, options)) {
      if (outcome.error !== undefined) throw outcome.error;
      embeddings.push(outcome.embedding);
    }
    return embeddings;
  }

  /**
   * As {@link embed}, as matrices: [count, D] and [count, N, D]. With `paths: "aggregate"` the one path is the aggregate itself.
   * @throws as {@link embed}.
   */
  async embedSet(inputs: readonly EmbeddingInput[], options: EmbedOptions = {}): Promise<EmbeddingSet> {
    const { dimensions, keepPaths, pathIndices } = this.#resolve(options);
    const pathCount = keepPaths ? pathIndices.length : 0;
    const aggregate = new Float32Array(inputs.length * dimensions);
    const paths = new Float32Array(inputs.length * pathCount * dimensions);
    for await (const { index, embedding, error } of this.embedEach(inputs, options)) {
      if (error !== undefined) throw error;
      aggregate.set(embedding.aggregate, index * dimensions);
      embedding.paths.forEach((vector, path) => paths.set(vector, (index * pathCount + path) * dimensions));
    }
    return keepPaths ? { count: inputs.length, pathCount, dimensions, aggregate, paths } : singleVectorSet(aggregate, dimensions);
  }

  /**
   * Embeds a list or a stream of any length, holding only some hundred inputs at a time; an input that cannot be embedded does not stop the
   * others. @returns outcomes in the order of the inputs. @throws {ConfigError} {AbortedError} {DisposedError} as {@link embed}.
   */
  async *embedEach(
    inputs: Iterable<EmbeddingInput> | AsyncIterable<EmbeddingInput>,
    options: EmbedOptions = {},
  ): AsyncGenerator<EmbeddingOutcome, void, undefined> {
    const resolved = this.#resolve(options);
    const { processor } = this.#model;
    const progress = new ProgressCounter(Array.isArray(inputs) ? inputs.length : undefined, options.onProgress);
    const windows = inputWindows(inputs, {
      prepare: (input, index) => prepareInput(input, index, processor),
      bytesOf: preparedBytes,
      size: resolved.batchSize * BATCHES_PER_WINDOW,
      signal: options.signal,
    });
    for await (const window of windows) {
      const outcomes = new Map<number, EmbeddingOutcome>();
      for (const batch of batchesOf(window, resolved.batchSize)) {
        throwIfAborted(options.signal);
        const truncated = await this.#embedBatch(batch, resolved, outcomes);
        progress.add(batch.length, truncated);
      }
      for (const { index, error } of window) yield error === undefined ? present(outcomes.get(index), `input ${index}`) : { index, error };
      progress.add(window.filter(({ error }) => error !== undefined).length, 0);
    }
  }

  /** Frees the sessions and closes the model's files; a second call does nothing. */
  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    await this.#sessions.dispose();
    await this.#model.close?.();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  #resolve(options: EmbedOptions): ResolvedEmbedOptions {
    if (this.#disposed) {
      const message = `the model ${this.name} was disposed; load it again`;
      throw new DisposedError({ message, details: { resource: this.name } });
    }
    return resolveEmbedOptions(options, this.#model.polyvec, this.dimensions);
  }

  /** Embeds one batch and puts its outcomes into `outcomes`. @returns how many texts were cut. */
  async #embedBatch(
    inputs: readonly ReadyInput[],
    { pathIndices, keepPaths, dimensions }: ResolvedEmbedOptions,
    outcomes: Map<number, EmbeddingOutcome>,
  ): Promise<number> {
    const { polyvec, processor } = this.#model;
    const { batch, kept, failed } = await processInputs(this.#model, inputs);
    for (const { index, error } of failed) outcomes.set(index, { index, error });
    if (batch === undefined) return 0;
    const runner = await this.#sessions.open(visionModeOf(batch), pathIndices);
    const outputs = await runner.run(modelInputs(processor.backbone, selectPaths(polyvec.paths, pathIndices), batch));
    const aggregates = expectFloat(present(outputs["aggregate"], "aggregate")).data;
    const paths = expectFloat(present(outputs["paths"], "paths")).data;
    const width = this.dimensions;
    const vectorAt = (data: Float32Array, place: number): Float32Array =>
      cutVector(data.subarray(place * width, (place + 1) * width), dimensions);
    this.#checkFinite(aggregates);
    kept.forEach(({ index }, row) => {
      const vectors = keepPaths ? pathIndices.map((_, path) => vectorAt(paths, row * pathIndices.length + path)) : [];
      outcomes.set(index, { index, embedding: { aggregate: vectorAt(aggregates, row), paths: vectors } });
    });
    return batch.truncatedCount;
  }

  #checkFinite(values: Float32Array): void {
    if (values.every(Number.isFinite)) return;
    const message = `the model ${this.name} gives embeddings that are not numbers: its weights are damaged; restore or train them again`;
    throw new WeightsError({ message, details: { file: this.name } });
  }
}
