import { expectFloat } from "../engine/tensor/tensor.ts";
import { DisposedError, present, WeightsError } from "../errors/families.ts";
import type { ModelInput } from "../inputs/embedding-input.ts";
import type { ProcessedBatch } from "../model/multimodal/input-processor.ts";
import { modelInputs } from "../model/multimodal/model-inputs.ts";
import { visionModeOf } from "../model/multimodal/token-batch.ts";
import { SINGLE_PATH } from "../model/paths/path-config.ts";
import { selectPaths } from "../model/paths/select-paths.ts";
import { cutVector } from "./cut-vector.ts";
import { resolveEmbedOptions, type Embedding, type EmbedOptions, type ResolvedEmbedOptions } from "./embed-options.ts";
import type { EmbeddingModel } from "./embedding-model.ts";
import { EmbeddingSessions, type EmbedderOptions } from "./embedding-sessions.ts";
import { singleVectorSet, type EmbeddingSet } from "./embedding-set.ts";
import { embedWindows, type Outcome } from "./embed-windows.ts";
import { PicturePreparer } from "./pictures/picture-preparer.ts";
import { hiddenRows, type HiddenStates, type HiddenStatesOptions } from "./hidden-states.ts";

/** What became of one input: its embedding, or why there is none. */
export type EmbeddingOutcome =
  | { readonly index: number; readonly embedding: Embedding; readonly error?: undefined }
  | { readonly index: number; readonly embedding?: undefined; readonly error: Error };

/** Turns inputs into embeddings. Made by `loadModel`; dispose it to free its memory. */
export class Embedder implements AsyncDisposable {
  readonly #model: EmbeddingModel;
  readonly #sessions: EmbeddingSessions;
  readonly #pictures: PicturePreparer;
  #fingerprint: Promise<string> | undefined;
  #disposed = false;

  constructor(model: EmbeddingModel, options: EmbedderOptions = {}) {
    this.#model = model;
    this.#sessions = new EmbeddingSessions(model, options);
    this.#pictures = new PicturePreparer(options.pictureThreads === undefined ? {} : { threads: options.pictureThreads });
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
  async embed(inputs: readonly ModelInput[], options: EmbedOptions = {}): Promise<Embedding[]> {
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
  async embedSet(inputs: readonly ModelInput[], options: EmbedOptions = {}): Promise<EmbeddingSet> {
    const { dimensions, keepPaths, pathIndices } = this.#resolve(options);
    const pathCount = keepPaths ? (pathIndices?.length ?? 0) : 0;
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
    inputs: Iterable<ModelInput> | AsyncIterable<ModelInput>,
    options: EmbedOptions = {},
  ): AsyncGenerator<EmbeddingOutcome, void, undefined> {
    const resolved = this.#resolve(options);
    const { signal, onProgress } = options;
    const runBatch = (batch: ProcessedBatch): Promise<Embedding[]> => this.#embedBatch(batch, resolved);
    for await (const { index, value, error } of embedWindows(this.#model, inputs, {
      ...resolved,
      signal,
      onProgress,
      pictures: this.#pictures,
      runBatch,
    }))
      yield error === undefined ? { index, embedding: value } : { index, error };
  }

  /**
   * The final hidden states of the bare backbone, whatever the model's paths: those of an input's last token, brought to unit length, are what
   * `paths: "none"` gives. @returns outcomes in the order of the inputs. @throws as {@link embedEach}.
   */
  async *hiddenStatesEach(
    inputs: Iterable<ModelInput> | AsyncIterable<ModelInput>,
    options: HiddenStatesOptions = {},
  ): AsyncGenerator<Outcome<HiddenStates>, void, undefined> {
    const { batchSize } = this.#resolve({ ...options, paths: "none" });
    const { signal, onProgress } = options;
    const runBatch = (batch: ProcessedBatch): Promise<HiddenStates[]> => this.#hiddenBatch(batch);
    yield* embedWindows(this.#model, inputs, { batchSize, signal, onProgress, pictures: this.#pictures, runBatch });
  }

  /** Frees the sessions and closes the model's files; a second call does nothing. */
  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    await this.#pictures.dispose();
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

  async #embedBatch(batch: ProcessedBatch, { pathIndices, keepPaths, dimensions }: ResolvedEmbedOptions): Promise<Embedding[]> {
    const { polyvec, processor } = this.#model;
    const paths = pathIndices === undefined ? SINGLE_PATH : selectPaths(polyvec.paths, pathIndices);
    const runner = await this.#sessions.open(visionModeOf(batch), { paths, indices: pathIndices ?? [] });
    const outputs = await runner.run(modelInputs(processor.backbone, paths, batch));
    const aggregates = expectFloat(present(outputs["aggregate"], "aggregate")).data;
    const vectors = expectFloat(present(outputs["paths"], "paths")).data;
    const width = this.dimensions;
    const vectorAt = (data: Float32Array, place: number): Float32Array =>
      cutVector(data.subarray(place * width, (place + 1) * width), dimensions);
    this.#checkFinite(aggregates);
    return Array.from(batch.lengths, (_, row) => ({
      aggregate: vectorAt(aggregates, row),
      paths: keepPaths ? Array.from({ length: paths.count }, (__, path) => vectorAt(vectors, row * paths.count + path)) : [],
    }));
  }

  async #hiddenBatch(batch: ProcessedBatch): Promise<HiddenStates[]> {
    const runner = await this.#sessions.openHidden(visionModeOf(batch));
    const outputs = await runner.run(modelInputs(this.#model.processor.backbone, SINGLE_PATH, batch));
    const { data } = expectFloat(present(outputs["hidden"], "hidden"));
    this.#checkFinite(data);
    return hiddenRows(batch, data);
  }

  #checkFinite(values: Float32Array): void {
    if (values.every(Number.isFinite)) return;
    const message = `the model ${this.name} gives embeddings that are not numbers: its weights are damaged; restore or train them again`;
    throw new WeightsError({ message, details: { file: this.name } });
  }
}
