import type { Graph } from "../engine/graph/graph-builder.ts";
import { splitFixed } from "../engine/graph/split-fixed.ts";
import { GraphSession } from "../engine/runtime/graph-session.ts";
import type { Session, SessionOptions, TensorMap } from "../engine/runtime/session.ts";
import { sizeOf, type FloatTensor, type Tensor } from "../engine/tensor/tensor.ts";
import { present } from "../errors/families.ts";
import { embeddingGraph, hiddenStatesGraph, type ModelGraphOptions } from "../model/multimodal/model.ts";
import type { VisionMode } from "../model/multimodal/token-batch.ts";
import { placeWeight } from "../model/folder/place-weights.ts";
import { isAdapterWeight, loraLayer } from "../model/nn/lora-layers.ts";
import { readMerged } from "../model/nn/merge-lora.ts";
import type { LoraConfig, ParameterPlace } from "../model/nn/parameter-source.ts";
import { isPathParameter, SINGLE_PATH, type PathConfig } from "../model/paths/path-config.ts";
import { selectPathRows } from "../model/paths/select-paths.ts";
import type { EmbeddingModel } from "./embedding-model.ts";

/** How a model is run. */
export interface EmbedderOptions extends Pick<SessionOptions, "device" | "threads" | "prepacking"> {
  /** Runs the model on a thread of its own, so that the event loop stays free: for servers. */
  readonly worker?: boolean;
  /** Threads that decode pictures where many are embedded: half of the machine's cores if not given; 0 for none beside this one. */
  readonly pictureThreads?: number;
  /** `stored`, if not given: weights of signed bytes are multiplied as such. `float32`: all are computed with as float32, whatever they are stored as. */
  readonly dtype?: "stored" | "float32";
  /**
   * Whether an adapter's updates are added to the weights when a graph is made, which runs fastest, or computed beside them, which leaves the
   * weights in their files. If not given, they are added as long as the changed weights take less than 1 GB.
   */
  readonly mergeAdapter?: boolean;
}

/** The paths that are run. */
export interface ChosenPaths {
  readonly paths: PathConfig;
  /** Which of the model's they are. */
  readonly indices: readonly number[];
}

/** A session, and the graph that makes what it takes of the paths' weights. */
interface PathSession {
  readonly session: Session;
  readonly laying: Graph | undefined;
}

type GraphKind = typeof embeddingGraph | typeof hiddenStatesGraph;

/** Runs a model's graph. */
export interface EmbeddingRunner {
  /** @returns `paths` [B, N, hidden] and `aggregate` [B, hidden], of unit length; or `hidden` [B, T, hidden]. */
  run(inputs: TensorMap): Promise<Record<string, Tensor>>;
}

/**
 * The sessions of a model, made when first needed: one for each kind of batch (no images, images of one size, of several) and number of paths.
 * The backbone's weights are constants of the graph, adapters merged into them; the paths' are inputs, so that any choice of as many paths
 * runs in the same session. They are laid out for it once.
 */
export class EmbeddingSessions {
  readonly #model: EmbeddingModel;
  readonly #options: EmbedderOptions;
  readonly #sessions = new Map<string, Promise<PathSession>>();
  readonly #pathWeights = new Map<string, Promise<TensorMap>>();

  constructor(model: EmbeddingModel, options: EmbedderOptions) {
    this.#model = model;
    this.#options = options;
  }

  /** A runner that embeds. @param paths of `indices`, as `selectPaths` gives them; or none of the model's, with no index. */
  async open(vision: VisionMode, { paths, indices }: ChosenPaths): Promise<EmbeddingRunner> {
    const { count, prefixLength, aggregation, topology } = paths;
    const key = `${vision} ${count} ${prefixLength} ${aggregation} ${topology.kind}`;
    const made = await this.#session(key, embeddingGraph, { backbone: this.#model.processor.backbone, paths, vision });
    const weights = await this.#laidWeights(`${key} of ${indices.join(",")}`, made, indices);
    return { run: (inputs) => made.session.run({ ...inputs, ...weights }) };
  }

  /** A runner that gives the final hidden states of the bare backbone. */
  async openHidden(vision: VisionMode): Promise<EmbeddingRunner> {
    const { backbone } = this.#model.processor;
    return (await this.#session(`${vision} hidden`, hiddenStatesGraph, { backbone, paths: SINGLE_PATH, vision })).session;
  }

  async dispose(): Promise<void> {
    const sessions = await Promise.allSettled(this.#sessions.values());
    this.#sessions.clear();
    for (const session of sessions) if (session.status === "fulfilled") await session.value.session.dispose();
  }

  async #session(key: string, build: GraphKind, graphOptions: ModelGraphOptions): Promise<PathSession> {
    const session = this.#sessions.get(key) ?? this.#create(build, graphOptions);
    this.#sessions.set(key, session);
    session.catch(() => this.#sessions.delete(key));
    return session;
  }

  async #create(build: GraphKind, graphOptions: ModelGraphOptions): Promise<PathSession> {
    const { worker = false, mergeAdapter, dtype: _, pictureThreads: __, ...options } = this.#options;
    const { lora } = this.#model;
    const merged = lora === undefined || (mergeAdapter ?? mergedBytes(graphOptions, lora) < MOST_MERGED_BYTES);
    const whole = merged ? graphOptions : { ...graphOptions, lora };
    const names = [...build(whole).shapes.keys()];
    const places = new Map(
      await Promise.all(names.map(async (name) => [name, isPathParameter(name) ? INPUT : await this.#placeOf(name, merged)] as const)),
    );
    const { graph } = build({ ...whole, place: (name) => present(places.get(name), name) });
    const { fixed: laying, rest } = splitFixed(graph, isPathParameter) ?? { fixed: undefined, rest: graph };
    if (!worker) return { session: await GraphSession.create(rest, options), laying };
    const { WorkerSession } = await import("../engine/runtime/worker-session.ts");
    return { session: await WorkerSession.create(rest, options), laying };
  }

  /** Where a backbone weight lies: in its file if it can be used as it is, else in memory, with its low-rank update if it has one. */
  async #placeOf(name: string, merged: boolean): Promise<ParameterPlace> {
    const { lora, processor, readWeight, locateWeight, quantizedWeight } = this.#model;
    if (merged && isAdapted(name, lora)) return { kind: "constant", tensor: await readMerged(name, lora, readWeight) };
    if (isAdapterWeight(name)) return { kind: "constant", tensor: await readWeight(name) }; // small, and often in another folder than the base
    const place = await placeWeight(processor.backbone, name, {
      locate: (weight) => locateWeight?.(weight),
      quantized: async (weight) => (this.#options.dtype === "float32" ? undefined : quantizedWeight?.(weight)),
    });
    return place ?? { kind: "constant", tensor: await readWeight(name) };
  }

  /** What a session takes of the given paths, which is little and stays in memory. */
  async #laidWeights(key: string, { session, laying }: PathSession, indices: readonly number[]): Promise<TensorMap> {
    const known = this.#pathWeights.get(key);
    if (known !== undefined) return known;
    const laid = this.#layOut([...session.inputs.keys()].filter(isPathParameter), laying, indices);
    this.#pathWeights.set(key, laid);
    laid.catch(() => this.#pathWeights.delete(key));
    return laid;
  }

  async #layOut(names: readonly string[], laying: Graph | undefined, indices: readonly number[]): Promise<TensorMap> {
    const plain = await this.#selectedWeights(names, indices);
    if (laying === undefined) return plain;
    const { threads } = this.#options;
    await using session = await GraphSession.create(laying, threads === undefined ? {} : { threads });
    return { ...plain, ...(await session.run(await this.#selectedWeights([...laying.inputs.keys()], indices))) };
  }

  async #selectedWeights(names: readonly string[], indices: readonly number[]): Promise<TensorMap> {
    const select = async (name: string): Promise<FloatTensor> => selectPathRows(name, await this.#model.readWeight(name), indices);
    return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await select(name)] as const)));
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
