import { GraphSession } from "../engine/runtime/graph-session.ts";
import type { Session, SessionOptions, TensorMap } from "../engine/runtime/session.ts";
import type { FloatTensor, Tensor } from "../engine/tensor/tensor.ts";
import { present } from "../errors/families.ts";
import { embeddingGraph, type ModelGraphOptions } from "../model/multimodal/model.ts";
import type { VisionMode } from "../model/multimodal/token-batch.ts";
import { placeWeight } from "../model/folder/place-weights.ts";
import { loraLayer } from "../model/nn/lora-layers.ts";
import { readMerged } from "../model/nn/merge-lora.ts";
import type { ParameterPlace } from "../model/nn/parameter-source.ts";
import { isPathParameter } from "../model/paths/path-config.ts";
import { selectPathRows, selectPaths } from "../model/paths/select-paths.ts";
import type { EmbeddingModel } from "./embedding-model.ts";

/** How a model is run. */
export interface EmbedderOptions extends Pick<SessionOptions, "device" | "threads"> {
  /** Runs the model on a thread of its own, so that the event loop stays free: for servers. */
  readonly worker?: boolean;
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
    const names = [...embeddingGraph(graphOptions).shapes.keys()];
    const places = new Map(
      await Promise.all(names.map(async (name) => [name, isPathParameter(name) ? INPUT : await this.#placeOf(name)] as const)),
    );
    const { graph } = embeddingGraph({ ...graphOptions, place: (name) => present(places.get(name), name) });
    const { worker = false, ...options } = this.#options;
    if (!worker) return GraphSession.create(graph, options);
    const { WorkerSession } = await import("../engine/runtime/worker-session.ts");
    return WorkerSession.create(graph, options);
  }

  /** Where a backbone weight lies: in its file if it can be used as it is, else in memory, with its low-rank update if it has one. */
  async #placeOf(name: string): Promise<ParameterPlace> {
    const { lora, processor, readWeight, locateWeight, quantizedWeight } = this.#model;
    if (name.endsWith(WEIGHT) && loraLayer(lora, name.slice(0, -WEIGHT.length)) !== undefined) {
      return { kind: "constant", tensor: await readMerged(name, lora, readWeight) };
    }
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
