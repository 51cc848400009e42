import { Embedder } from "../../src/embed/embedder.ts";
import type { EmbedOptions } from "../../src/embed/embed-options.ts";
import { bindInputs } from "../../src/engine/graph/bind-inputs.ts";
import { countFlops } from "../../src/eval/benchmark/count-flops.ts";
import type { EmbeddingInput } from "../../src/inputs/embedding-input.ts";
import { modelInputs } from "../../src/model/multimodal/model-inputs.ts";
import { visionModeOf } from "../../src/model/multimodal/token-batch.ts";
import { embeddingGraph } from "../../src/model/multimodal/model.ts";
import type { InputProcessor } from "../../src/model/multimodal/input-processor.ts";
import type { PathConfig } from "../../src/model/paths/path-config.ts";
import { selectPaths } from "../../src/model/paths/select-paths.ts";
import { embeddingModelOf, type BaseModel } from "./base-model.ts";
import { embeddingVariants, type Variant } from "./variants.ts";

/** A model whose embedding is timed, as users run it. */
export class TimedModel implements AsyncDisposable {
  readonly name: string;
  /** The paths that run. */
  readonly paths: PathConfig;
  readonly processor: InputProcessor;
  readonly #embedder: Embedder;
  readonly #ask: EmbedOptions;

  private constructor({ name, paths, ask }: Variant, embedder: Embedder, processor: InputProcessor) {
    this.name = name;
    this.paths = selectPaths(paths, ask.paths === "single" ? [0] : Array.from({ length: paths.count }, (_, path) => path));
    this.processor = processor;
    this.#embedder = embedder;
    this.#ask = ask;
  }

  static async open(base: BaseModel, variant: Variant): Promise<TimedModel> {
    const model = embeddingModelOf(variant.name, await base.withPaths(variant.paths));
    return new TimedModel(variant, new Embedder(model), model.processor);
  }

  /** Embeds all inputs in batches. @returns ms per input. */
  async embed(inputs: readonly EmbeddingInput[], batchSize: number): Promise<number> {
    const start = performance.now();
    await this.#embedder.embedSet(inputs, { ...this.#ask, batchSize });
    return (performance.now() - start) / inputs.length;
  }

  /** Floating point operations of the matrix products for one input, of inputs that make one batch. */
  async flopsPerInput(inputs: readonly EmbeddingInput[]): Promise<number> {
    const { backbone } = this.processor;
    const batch = await this.processor.processBatch(inputs);
    const { graph } = embeddingGraph({ backbone, paths: this.paths, vision: visionModeOf(batch) });
    const tensors = modelInputs(backbone, this.paths, batch);
    const known = [...graph.inputs].filter(([name]) => Object.hasOwn(tensors, name));
    return countFlops(graph, bindInputs({ inputs: new Map(known) }, tensors)) / inputs.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#embedder.dispose();
  }
}

/** Opens a model for every variant, calls `use` with them, and lets go of them whatever happens. */
export async function withTimedModels<T>(base: BaseModel, use: (models: readonly TimedModel[]) => Promise<T>): Promise<T> {
  const models: TimedModel[] = [];
  try {
    for (const variant of embeddingVariants(base.layerCount)) models.push(await TimedModel.open(base, variant));
    return await use(models);
  } finally {
    for (const model of models) await model[Symbol.asyncDispose]();
  }
}
