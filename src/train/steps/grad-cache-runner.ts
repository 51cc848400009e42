import { aheadByOne } from "../../embed/ahead-by-one.ts";
import { gradientName } from "../../engine/autodiff/differentiate.ts";
import { GraphSession } from "../../engine/runtime/graph-session.ts";
import { expectFloat, floatTensor, type FloatTensor, type Tensor } from "../../engine/tensor/tensor.ts";
import type { PromptInput } from "../../inputs/embedding-input.ts";
import type { StreamKey } from "../../random/random-stream.ts";
import type { VisionMode } from "../../model/multimodal/token-batch.ts";
import { visionModeOf } from "../../model/multimodal/token-batch.ts";
import type { ContrastiveBatch, LanguageBatch } from "../batch-source.ts";
import type { Communicator } from "../distributed/communicator.ts";
import { rankShare, type RankShare } from "../distributed/rank-share.ts";
import { SINGLE_PROCESS } from "../distributed/single-process.ts";
import { sumGradients } from "../distributed/sum-gradients.ts";
import { GradientSum } from "../gradient-sum.ts";
import { buildLossGradientGraph } from "../objective/loss-graph.ts";
import type { NamedTensors } from "../optimizer/optimizer.ts";
import { inPrecision } from "../precision/precision.ts";
import { chunkSizesOf, type ChunkSize } from "./chunk-sizes.ts";
import { chunksOf, joinData, rowsOf } from "./chunks.ts";
import { encoderGraph } from "./encoder-graph.ts";
import { GradientSession, type GradientSessionOptions } from "./gradient-session.ts";
import { languageGraph } from "./language-graph.ts";
import { SessionCache } from "./session-cache.ts";
import type { StepEngine, StepEngineOptions, StepInputs, StepResult } from "./step-engine.ts";
import { stepSessionOptions } from "./step-session-options.ts";
import {
  answerInputs,
  batchInputs,
  contrastInputs,
  contrastiveParts,
  dropoutInputs,
  floatsOf,
  LOSS_SEEDS,
  lossOptions,
  lossSeed,
  scalarOf,
  seedName,
} from "./step-tensors.ts";

/** What a {@link GradCacheRunner} is made for. */
export interface GradCacheOptions extends StepEngineOptions {
  /** Inputs that are encoded at once. */
  readonly chunkSize: ChunkSize;
  /** The processes that share a batch, and the weights that all of them train; this process alone if not given. */
  readonly together?: { readonly communicator: Communicator; readonly trained: NamedTensors } | undefined;
}

/** Embeddings of one side of a batch: paths [B, N, D], aggregate [B, D]. */
interface SideEmbeddings {
  readonly paths: FloatTensor;
  readonly aggregate: FloatTensor;
}

type Side = "query" | "target";

/** What one side of a batch is encoded from. */
interface EncodedSide {
  readonly side: Side;
  /** This process's. */
  readonly share: RankShare<PromptInput>;
  readonly weights: NamedTensors;
  readonly randomKeys: readonly StreamKey[];
}

/** A chunk as the model takes it. */
interface ChunkInputs {
  /** Where it begins in the share. */
  readonly start: number;
  /** Inputs. */
  readonly count: number;
  readonly vision: VisionMode;
  readonly inputs: Readonly<Record<string, Tensor>>;
}

/**
 * Computes losses and gradients of batches of any size in the memory of a chunk: (1) all chunks are encoded, forward only; (2) the loss over
 * the whole batch gives dL/dE; (3) each chunk is encoded again and pulled back from its rows of dL/dE. The sum of the chunks' gradients is that of
 * the whole batch, to rounding. Inputs are processed anew in (3): their pixels would outweigh what is saved.
 * Language modelling needs no cache, as its loss is a mean over tokens: chunks are weighed by their share of the answer tokens.
 * Several processes share a batch: each encodes and pulls back its share of the chunks, all embeddings are gathered, every process computes the loss over the
 * whole batch, and gradients are summed over the processes.
 * @source Gao et al. 2021, "Scaling Deep Contrastive Learning Batch Size under Memory Limited Setup".
 */
export class GradCacheRunner implements StepEngine {
  readonly #options: GradCacheOptions;
  readonly #communicator: Communicator;
  readonly #forward = new SessionCache<GraphSession>();
  readonly #backward = new SessionCache<GradientSession>();
  readonly #memory = new Map<string, FloatTensor>();
  readonly #sum = new GradientSum();

  constructor(options: GradCacheOptions) {
    this.#options = options;
    this.#communicator = options.together?.communicator ?? SINGLE_PROCESS;
  }

  run(inputs: StepInputs): Promise<StepResult> {
    const { batch } = inputs;
    this.#sum.clear();
    return batch.kind === "language" ? this.#runLanguage(batch, inputs) : this.#runContrastive(batch, inputs);
  }

  async dispose(): Promise<void> {
    await Promise.all([this.#forward.dispose(), this.#backward.dispose()]);
  }

  async #runContrastive(
    batch: ContrastiveBatch,
    { weights, estimator, lossWeights, lossScale = 1, randomKeys = [] }: StepInputs,
  ): Promise<StepResult> {
    const sizes = chunkSizesOf(this.#options.chunkSize);
    const shares = { query: this.#share(batch.queries, sizes.queries), target: this.#share(batch.targets, sizes.targets) };
    const sideOf = (side: Side): EncodedSide => ({ side, share: shares[side], weights, randomKeys });
    const queries = await this.#encode(sideOf("query"));
    const targets = await this.#encode(sideOf("target"));
    const embeddings = {
      queryPaths: queries.paths,
      targetPaths: targets.paths,
      queryAggregate: queries.aggregate,
      targetAggregate: targets.aggregate,
    };
    const loss = await this.#lossSession();
    const outputs = await loss.run({ ...embeddings, ...contrastInputs(batch, lossWeights), ...Object.fromEntries(estimator) });
    await this.#pullBack(sideOf("query"), seedsOf(outputs, "query", lossScale));
    await this.#pullBack(sideOf("target"), seedsOf(outputs, "target", lossScale));
    return { ...contrastiveParts({ ...outputs, ...embeddings }), gradients: await this.#gradients() };
  }

  #share<Item>(items: readonly Item[], chunkSize: number): RankShare<Item> {
    return rankShare(items, chunkSize, this.#communicator);
  }

  /** Of all processes. @param scale put to their sum. */
  async #gradients(scale = 1): Promise<NamedTensors> {
    const { together } = this.#options;
    if (together !== undefined) await sumGradients(together.communicator, this.#sum, together.trained);
    return this.#sum.take(scale);
  }

  /** (1): the embeddings of a whole side, of which this process encodes its share. */
  async #encode(encoded: EncodedSide): Promise<SideEmbeddings> {
    const { model } = this.#options;
    const parts: SideEmbeddings[] = [];
    for await (const { vision, inputs } of aheadByOne(this.#chunks(encoded))) {
      const session = await this.#encoder(vision);
      const outputs = await session.run({ ...inputs, ...Object.fromEntries(encoded.weights) });
      parts.push({ paths: floatsOf(outputs, "paths"), aggregate: floatsOf(outputs, "aggregate") });
    }
    const [count, width] = [model.paths.count, model.backbone.decoder.hiddenSize];
    return {
      paths: await this.#gather(
        parts.map(({ paths }) => paths),
        [count, width],
      ),
      aggregate: await this.#gather(
        parts.map(({ aggregate }) => aggregate),
        [width],
      ),
    };
  }

  /** Rows of all processes. @param row shape of one. */
  async #gather(parts: readonly FloatTensor[], row: readonly number[]): Promise<FloatTensor> {
    const data = await this.#communicator.allGather(joinData(parts));
    return floatTensor([data.length / row.reduce((product, length) => product * length, 1), ...row], data);
  }

  /** (3): adds the gradients of one side, pulled back from dL/dE. */
  async #pullBack(encoded: EncodedSide, seeds: Seeds): Promise<void> {
    const { share, weights } = encoded;
    for await (const { start, count, vision, inputs } of aheadByOne(this.#chunks(encoded))) {
      const session = await this.#gradient(vision);
      const rows = Object.entries(seeds).map(([name, seed]) => [seedName(name), rowsOf(seed, share.start + start, count)] as const);
      const { gradients } = await session.run({ ...inputs, ...Object.fromEntries(rows) }, weights);
      this.#sum.add(gradients);
    }
  }

  /** The chunks of a side in their order, as tokens, pixels and random numbers: the same in (1) and (3). */
  async *#chunks({ side, share, randomKeys }: EncodedSide): AsyncGenerator<ChunkInputs, void, undefined> {
    const { model, processor } = this.#options;
    for (const { start, items } of chunksOf(share.items, share.chunkSize)) {
      const batch = await processor.embeddingBatch(items);
      const dropped = dropoutInputs(model, randomKeys, { side, start: share.start + start, count: items.length });
      yield { start, count: items.length, vision: visionModeOf(batch), inputs: { ...batchInputs(model, batch), ...dropped } };
    }
  }

  async #runLanguage(batch: LanguageBatch, { weights, lossScale, randomKeys = [] }: StepInputs): Promise<StepResult> {
    const { model, processor } = this.#options;
    const share = this.#share(batch.examples, chunkSizesOf(this.#options.chunkSize).queries);
    const total = { answers: 0, loss: 0, right: 0 };
    for (const { start, items } of chunksOf(share.items, share.chunkSize)) {
      const tokens = await processor.languageBatch(items);
      const session = await this.#language(visionModeOf(tokens.batch));
      const dropped = dropoutInputs(model, randomKeys, { side: "caption", start: share.start + start, count: items.length });
      const inputs = { ...batchInputs(model, tokens.batch), ...answerInputs(tokens), ...lossSeed(lossScale), ...dropped };
      const { outputs, gradients } = await session.run(inputs, weights);
      const answers = tokens.answerIds.data.length;
      this.#sum.add(gradients, answers);
      total.answers += answers;
      total.loss += answers * scalarOf(outputs, "loss");
      total.right += answers * scalarOf(outputs, "accuracy");
    }
    const [answers, loss, right] = await this.#total([total.answers, total.loss, total.right]);
    const gradients = await this.#gradients(1 / answers);
    return { loss: loss / answers, precision: right / answers, pathLosses: [], pathPrecisions: [], gradients };
  }

  /** Sums over all processes. */
  async #total(values: readonly [number, number, number]): Promise<[number, number, number]> {
    const parts = await this.#communicator.allGatherParts(Float64Array.from(values));
    return [0, 1, 2].map((at) => parts.reduce((sum, part) => sum + (part[at] ?? 0), 0)) as [number, number, number];
  }

  #encoder(vision: VisionMode): Promise<GraphSession> {
    const { model, threads, precision = "float32" } = this.#options;
    const make = (): Promise<GraphSession> =>
      GraphSession.create(inPrecision(encoderGraph({ ...model, vision }).graph, precision), stepSessionOptions({ threads, precision }));
    return this.#forward.get(`encoder ${vision}`, make);
  }

  #lossSession(): Promise<GraphSession> {
    const make = (): Promise<GraphSession> =>
      GraphSession.create(buildLossGradientGraph(lossOptions(this.#options)), stepSessionOptions({ threads: this.#options.threads }));
    return this.#forward.get("loss", make);
  }

  #gradient(vision: VisionMode): Promise<GradientSession> {
    const { model } = this.#options;
    const outputs = model.paths.count === 1 ? (["aggregate"] as const) : (["paths", "aggregate"] as const);
    const seeds = Object.fromEntries(outputs.map((name) => [name, seedName(name)]));
    const make = (): Promise<GradientSession> =>
      GradientSession.create(encoderGraph({ ...model, vision }).graph, { ...this.#sessionOptions(), seeds });
    return this.#backward.get(`encoder ${vision}`, make);
  }

  #sessionOptions(): GradientSessionOptions {
    const { trainable, threads, precision } = this.#options;
    return { trainable, threads, precision, memory: this.#memory };
  }

  #language(vision: VisionMode): Promise<GradientSession> {
    const { model } = this.#options;
    return this.#backward.get(`language ${vision}`, () =>
      GradientSession.create(languageGraph({ ...model, vision }).graph, { ...this.#sessionOptions(), seeds: LOSS_SEEDS }),
    );
  }
}

/** dL/dE of one side: of the aggregate, and of the paths where the loss depends on them by itself. */
type Seeds = Readonly<Partial<Record<keyof SideEmbeddings, FloatTensor>>>;

/** dL/dE of one side, times the scale of the loss. */
function seedsOf(outputs: Readonly<Record<string, Tensor>>, side: Side, lossScale: number): Seeds {
  const [paths, aggregate] = [outputs[gradientName(`${side}Paths`)], outputs[gradientName(`${side}Aggregate`)]];
  const scaled = (tensor: Tensor): FloatTensor => scaleTensor(expectFloat(tensor), lossScale);
  return { ...(paths && { paths: scaled(paths) }), ...(aggregate && { aggregate: scaled(aggregate) }) };
}

function scaleTensor({ shape, data }: FloatTensor, scale: number): FloatTensor {
  return floatTensor(shape, scale === 1 ? data : data.map((value) => scale * value));
}
