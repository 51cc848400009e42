import { gradientName } from "../../engine/autodiff/differentiate.ts";
import { GraphSession } from "../../engine/runtime/graph-session.ts";
import { expectFloat, type FloatTensor, type Tensor } from "../../engine/tensor/tensor.ts";
import type { PromptInput } from "../../inputs/embedding-input.ts";
import type { VisionMode } from "../../model/multimodal/token-batch.ts";
import { visionModeOf } from "../../model/multimodal/token-batch.ts";
import type { ContrastiveBatch, LanguageBatch } from "../batch-source.ts";
import { GradientSum } from "../gradient-sum.ts";
import { buildLossGradientGraph } from "../objective/loss-graph.ts";
import type { NamedTensors } from "../optimizer/optimizer.ts";
import { chunksOf, joinRows, rowsOf } from "./chunks.ts";
import { encoderGraph } from "./encoder-graph.ts";
import { GradientSession } from "./gradient-session.ts";
import { languageGraph } from "./language-graph.ts";
import { SessionCache } from "./session-cache.ts";
import type { StepEngine, StepEngineOptions, StepInputs, StepResult } from "./step-engine.ts";
import { stepSessionOptions } from "./step-session-options.ts";
import { batchInputs, contrastInputs, contrastiveParts, floatsOf, lossOptions, scalarOf } from "./step-tensors.ts";

/** What a {@link GradCacheRunner} is made for. */
export interface GradCacheOptions extends StepEngineOptions {
  /** Inputs that are encoded at once. */
  readonly chunkSize: number;
}

/** Embeddings of one side of a batch: paths [B, N, D], aggregate [B, D]. */
interface SideEmbeddings {
  readonly paths: FloatTensor;
  readonly aggregate: FloatTensor;
}

/**
 * Computes losses and gradients of batches of any size in the memory of a chunk: (1) all chunks are encoded, forward only; (2) the loss over
 * the whole batch gives dL/dE; (3) each chunk is encoded again and pulled back from its rows of dL/dE. The sum of the chunks' gradients is that of
 * the whole batch, to rounding. Inputs are processed anew in (3): their pixels would outweigh what is saved.
 * Language modelling needs no cache, as its loss is a mean over tokens: chunks are weighed by their share of the answer tokens.
 * @source Gao et al. 2021, "Scaling Deep Contrastive Learning Batch Size under Memory Limited Setup".
 */
export class GradCacheRunner implements StepEngine {
  readonly #options: GradCacheOptions;
  readonly #forward = new SessionCache<GraphSession>();
  readonly #backward = new SessionCache<GradientSession>();
  readonly #memory = new Map<string, FloatTensor>();
  readonly #sum = new GradientSum();

  constructor(options: GradCacheOptions) {
    this.#options = options;
  }

  run(inputs: StepInputs): Promise<StepResult> {
    const { batch } = inputs;
    this.#sum.clear();
    return batch.kind === "language" ? this.#runLanguage(batch, inputs) : this.#runContrastive(batch, inputs);
  }

  async dispose(): Promise<void> {
    await Promise.all([this.#forward.dispose(), this.#backward.dispose()]);
  }

  async #runContrastive(batch: ContrastiveBatch, { weights, estimator, lossWeights }: StepInputs): Promise<StepResult> {
    const queries = await this.#encode(batch.queries, weights);
    const targets = await this.#encode(batch.targets, weights);
    const embeddings = {
      queryPaths: queries.paths,
      targetPaths: targets.paths,
      queryAggregate: queries.aggregate,
      targetAggregate: targets.aggregate,
    };
    const loss = await this.#lossSession();
    const outputs = await loss.run({ ...embeddings, ...contrastInputs(batch, lossWeights), ...Object.fromEntries(estimator) });
    await this.#pullBack(batch.queries, weights, seedsOf(outputs, "query"));
    await this.#pullBack(batch.targets, weights, seedsOf(outputs, "target"));
    return { ...contrastiveParts({ ...outputs, ...embeddings }), gradients: this.#sum.take() };
  }

  /** (1): the embeddings of a whole side. */
  async #encode(inputs: readonly PromptInput[], weights: NamedTensors): Promise<SideEmbeddings> {
    const { model, processor, chunkSize } = this.#options;
    const parts: SideEmbeddings[] = [];
    for (const { items } of chunksOf(inputs, chunkSize)) {
      const batch = await processor.embeddingBatch(items);
      const session = await this.#encoder(visionModeOf(batch));
      const outputs = await session.run({ ...batchInputs(model, batch), ...Object.fromEntries(weights) });
      parts.push({ paths: floatsOf(outputs, "paths"), aggregate: floatsOf(outputs, "aggregate") });
    }
    return { paths: joinRows(parts.map(({ paths }) => paths)), aggregate: joinRows(parts.map(({ aggregate }) => aggregate)) };
  }

  /** (3): adds the gradients of one side, pulled back from dL/dE. */
  async #pullBack(inputs: readonly PromptInput[], weights: NamedTensors, seeds: Seeds): Promise<void> {
    const { model, processor, chunkSize } = this.#options;
    for (const { start, items } of chunksOf(inputs, chunkSize)) {
      const batch = await processor.embeddingBatch(items);
      const session = await this.#gradient(visionModeOf(batch));
      const rows = Object.entries(seeds).map(([name, seed]) => [seedName(name), rowsOf(seed, start, items.length)] as const);
      const { gradients } = await session.run({ ...batchInputs(model, batch), ...Object.fromEntries(rows) }, weights);
      this.#sum.add(gradients);
    }
  }

  async #runLanguage(batch: LanguageBatch, { weights }: StepInputs): Promise<StepResult> {
    const { model, processor, chunkSize } = this.#options;
    const total = { answers: 0, loss: 0, right: 0 };
    for (const { items } of chunksOf(batch.examples, chunkSize)) {
      const tokens = await processor.languageBatch(items);
      const session = await this.#language(visionModeOf(tokens.batch));
      const inputs = { ...batchInputs(model, tokens.batch), answerRows: tokens.answerRows, answerIds: tokens.answerIds };
      const { outputs, gradients } = await session.run(inputs, weights);
      const answers = tokens.answerIds.data.length;
      this.#sum.add(gradients, answers);
      total.answers += answers;
      total.loss += answers * scalarOf(outputs, "loss");
      total.right += answers * scalarOf(outputs, "accuracy");
    }
    const [loss, precision] = [total.loss / total.answers, total.right / total.answers];
    return { loss, precision, pathLosses: [], pathPrecisions: [], gradients: this.#sum.take(1 / total.answers) };
  }

  #encoder(vision: VisionMode): Promise<GraphSession> {
    const { model, threads } = this.#options;
    const make = (): Promise<GraphSession> => GraphSession.create(encoderGraph({ ...model, vision }).graph, stepSessionOptions(threads));
    return this.#forward.get(`encoder ${vision}`, make);
  }

  #lossSession(): Promise<GraphSession> {
    const make = (): Promise<GraphSession> =>
      GraphSession.create(buildLossGradientGraph(lossOptions(this.#options)), stepSessionOptions(this.#options.threads));
    return this.#forward.get("loss", make);
  }

  #gradient(vision: VisionMode): Promise<GradientSession> {
    const { model, trainable, threads } = this.#options;
    const outputs = model.paths.count === 1 ? (["aggregate"] as const) : (["paths", "aggregate"] as const);
    const seeds = Object.fromEntries(outputs.map((name) => [name, seedName(name)]));
    const make = (): Promise<GradientSession> =>
      GradientSession.create(encoderGraph({ ...model, vision }).graph, { trainable, threads, seeds, memory: this.#memory });
    return this.#backward.get(`encoder ${vision}`, make);
  }

  #language(vision: VisionMode): Promise<GradientSession> {
    const { model, trainable, threads } = this.#options;
    return this.#backward.get(`language ${vision}`, () =>
      GradientSession.create(languageGraph({ ...model, vision }).graph, { trainable, threads, memory: this.#memory }),
    );
  }
}

/** dL/dE of one side: of the aggregate, and of the paths where the loss depends on them by itself. */
type Seeds = Readonly<Partial<Record<keyof SideEmbeddings, FloatTensor>>>;

function seedsOf(outputs: Readonly<Record<string, Tensor>>, side: "query" | "target"): Seeds {
  const [paths, aggregate] = [outputs[gradientName(`${side}Paths`)], outputs[gradientName(`${side}Aggregate`)]];
  return { ...(paths && { paths: expectFloat(paths) }), ...(aggregate && { aggregate: expectFloat(aggregate) }) };
}

/** The input that holds an output's seed. */
function seedName(output: string): string {
  return `seed:${output}`;
}
