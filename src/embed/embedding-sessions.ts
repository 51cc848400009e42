import { GraphSession } from "../engine/runtime/graph-session.ts";
import type { Session, SessionOptions, TensorMap } from "../engine/runtime/session.ts";
import { sizeOf, type FloatTensor, type Tensor } from "../engine/tensor/tensor.ts";
import { present } from "../errors/families.ts";
import { embeddingGraph, type ModelGraphOptions } from "../model/multimodal/model.ts";
import type { VisionMode } from "../model/multimodal/token-batch.ts";
import { placeWeight } from "../model/folder/place-weights.ts";
import { isAdapterWeight, loraLayer } from "../model/nn/lora-layers.ts";
import { readMerged } from "../model/nn/merge-lora.ts";
import type { LoraConfig, ParameterPlace } from "../model/nn/parameter-source.ts";
import { isPathParameter } from "../model/paths/path-config.ts";
import { selectPathRows, selectPaths } from "../model/paths/select-paths.ts";
import type { EmbeddingModel } from "./embedding-model.ts";

/** How a model is run. */
export interface EmbedderOptions extends Pick<SessionOptions, "device" | "threads"> {
  /** Runs the model on a thread of its own, so that the event loop stays free: for servers. */
  readonly worker?: boolean;
  /**
   * Whether an adapter's updates are added to the weights when a graph is made, which runs fastest, or computed beside them, which leaves the
   * weights in their files. If not given, they are added as long as the changed weights take less than 1 GB.
   */
  readonly mergeAdapter?: boolean;
}

/** Runs a model's graph for chosen paths. */
export interface EmbeddingRunner {
  /** @returns `paths` [B, N, hidden] and `aggregate` [B, hidden], of unit length. */
  run(inputs: TensorMap): Promise<Record<string, Tensor>>;
}

/**
 * The sessions of a model, made when first needed: one for each kind of batch (no images, images of one size, of several) and number of paths.
 * The backbone's weights are constants of the graph, adapters merged into them; the paths' are inputs, so that any choice of as many paths
 * runs in the same session.
 */
export class EmbeddingSessions {
  readonly #model: EmbeddingModel;
  readonly #options: EmbedderOptions;
  readonly #sessions = new Map<string, Promise<Session>>();
  readonly #pathWeights = new Map<string, Promise<(readonly [name: string, tensor: FloatTensor])[]>>();

  constructor(model: EmbeddingModel, options: EmbedderOptions) {
    this.#model = model;
    this.#options = options;
  }

  /** A runner for the given paths. @throws {ConfigError} as `selectPaths`. */
  async open(vision: VisionMode, indices: readonly number[]): Promise<EmbeddingRunner> {
    const { polyvec, processor } = this.#model;
    const paths = selectPaths(polyvec.paths, indices);
    const key = `${vision} ${paths.count} ${paths.aggregation}`;
    const known = this.#sessions.get(key) ?? this.#create({ backbone: processor.backbone, paths, vision });
    this.#sessions.set(key, known);
    known.catch(() => this.#sessions.delete(key));
    const session = await known;
    const weights = await this.#selectedWeights(indices, [...session.inputs.keys()].filter(isPathParameter));
    return { run: (inputs) => session.run({ ...inputs, ...weights }) };
  }

  async dispose(): Promise<void> {
    const sessions = await Promise.allSettled(this.#sessions.values());
    this.#sessions.clear();
    for (const session of sessions) if (session.status === "fulfilled") await session.value.dispose();
  }

  async #create(graphOptions: ModelGraphOptions): Promise<Session> {
    const { worker = false, mergeAdapter, ...options } = this.#options;
    const { lora } = this.#model;
    const merged = lora === undefined || (mergeAdapter ?? mergedBytes(graphOptions, lora) < MOST_MERGED_BYTES);
    const whole = merged ? graphOptions : { ...graphOptions, lora };
    const names = [...embeddingGraph(whole).shapes.keys()];
    const places = new Map(
      await Promise.all(names.map(async (name) => [name, isPathParameter(name) ? INPUT : await this.#placeOf(name, merged)] as const)),
    );
    const { graph } = embeddingGraph({ ...whole, place: (name) => present(places.get(name), name) });
    if (!worker) return GraphSession.create(graph, options);
    const { WorkerSession } = await import("../engine/runtime/worker-session.ts");
    return WorkerSession.create(graph, options);
  }

  /** Where a backbone weight lies: in its file if it can be used as it is, else in memory, with its low-rank update if it has one. */
  async #placeOf(name: string, merged: boolean): Promise<ParameterPlace> {
    const { lora, processor, readWeight, locateWeight, quantizedWeight } = this.#model;
    if (merged && isAdapted(name, lora)) return { kind: "constant", tensor: await readMerged(name, lora, readWeight) };
    if (isAdapterWeight(name)) return { kind: "constant", tensor: await readWeight(name) }; // small, and often in another folder than the base
    const place = await placeWeight(processor.backbone, name, {
      locate: (weight) => locateWeight?.(weight),
      quantized: async (weight) => quantizedWeight?.(weight),
    });
    return place ?? { kind: "constant", tensor: await readWeight(name) };
  }

  /** The paths' weights for the given paths, which are few and stay in memory. */
  async #selectedWeights(indices: readonly number[], names: readonly string[]): Promise<TensorMap> {
    const key = indices.join(",");
    const selected =
      this.#pathWeights.get(key) ??
      Promise.all(names.map(async (name) => [name, selectPathRows(name, await this.#model.readWeight(name), indices)] as const));
    this.#pathWeights.set(key, selected);
    selected.catch(() => this.#pathWeights.delete(key));
    return Object.fromEntries(await selected);
  }
}

const INPUT: ParameterPlace = { kind: "input" };
const WEIGHT = ".weight";

/** Merged weights are stored in the graph, and ONNX Runtime takes no graph of 2 GB. */
const MOST_MERGED_BYTES = 1e9;

/** Bytes of the weights that an adapter changes. */
function mergedBytes(graphOptions: ModelGraphOptions, lora: LoraConfig): number {
  const changed = [...embeddingGraph(graphOptions).shapes].filter(([name]) => isAdapted(name, lora));
  return changed.reduce((bytes, [, shape]) => bytes + 4 * sizeOf(shape), 0);
}

/** Whether a weight of that name has a low-rank update. */
function isAdapted(name: string, lora: LoraConfig | undefined): boolean {
  return name.endsWith(WEIGHT) && loraLayer(lora, name.slice(0, -WEIGHT.length)) !== undefined;
}
