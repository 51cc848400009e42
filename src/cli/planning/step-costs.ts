import { differentiate, type DifferentiateOptions } from "../../engine/autodiff/differentiate.ts";
import { bindInputs } from "../../engine/graph/bind-inputs.ts";
import type { Graph } from "../../engine/graph/graph-builder.ts";
import { sizeOf } from "../../engine/tensor/tensor.ts";
import { countFlops } from "../../eval/benchmark/count-flops.ts";
import type { PromptInput } from "../../inputs/embedding-input.ts";
import { visionModeOf, type VisionMode } from "../../model/multimodal/token-batch.ts";
import type { ContrastiveBatch, LanguageBatch, TrainingBatch } from "../../train/batch-source.ts";
import { estimatorShapeOf, regulariserOf } from "../../train/make-estimator.ts";
import { buildEstimatorGraph, SIDES } from "../../train/objective/estimator-graph.ts";
import { buildLossGradientGraph, type LossOptions } from "../../train/objective/loss-graph.ts";
import { inPrecision } from "../../train/precision/precision.ts";
import type { Recipe } from "../../train/recipe/recipe-types.ts";
import { chunkSizesOf, needsChunks, type ChunkSizes } from "../../train/steps/chunk-sizes.ts";
import { chunksOf } from "../../train/steps/chunks.ts";
import { contrastiveGraph, SIDE_PREFIXES, type ContrastiveGraphOptions } from "../../train/steps/contrastive-graph.ts";
import { encoderGraph } from "../../train/steps/encoder-graph.ts";
import { languageGraph } from "../../train/steps/language-graph.ts";
import { batchInputs } from "../../train/steps/step-tensors.ts";
import { trainableFilter } from "../../train/trainable.ts";
import type { TrainableModel } from "../../train/trainable-model.ts";
import { graphMemory, type Traffic } from "./graph-memory.ts";

/** What steps are counted of. */
export interface CountedTraining {
  readonly recipe: Pick<Recipe, "chunkSize" | "recompute" | "objective" | "model" | "precision">;
  readonly model: Omit<TrainableModel, "weights">;
}

type Shapes = Readonly<Record<string, { readonly shape: readonly number[] }>>;

/** What training on a batch takes. */
export interface StepCost {
  /** Floating point operations of the matrix products, forward and backward, what GradCache and recomputation do twice included. */
  readonly flops: number;
  /** Bytes that everything else reads and writes. */
  readonly traffic: Traffic;
  /** Operations that are started. */
  readonly operations: number;
  /** Numbers that the estimator of mutual information learns, each time it does. */
  readonly estimatorUpdates: number;
  /**
   * Bytes that each graph holds at once, at most, beside weights, gradients and the optimiser's state. A graph's session keeps the memory of its largest
   * run, so that a training holds the sum over its graphs.
   */
  readonly held: ReadonlyMap<Graph, number>;
}

/** Of no batch at all. */
export const NO_COST: StepCost = { flops: 0, traffic: { cached: 0, main: 0 }, operations: 0, estimatorUpdates: 0, held: new Map() };

/** Counts what training on single batches takes; the optimiser is left out. A graph serves all batches of its kind. */
export class StepCosts {
  readonly #training: CountedTraining;
  readonly #isTrainable: (name: string) => boolean;
  readonly #graphs = new Map<string, Graph>();

  constructor(training: CountedTraining) {
    this.#training = training;
    this.#isTrainable = trainableFilter(training.recipe.model, training.model.backbone);
  }

  /** As the recipe's step engine runs it: batches that do not fit into a chunk in chunks, others whole. */
  async of(batch: TrainingBatch): Promise<StepCost> {
    const { chunkSize = Infinity } = this.#training.recipe;
    const inChunks = needsChunks(batch, chunkSize);
    const sizes = chunkSizesOf(chunkSize);
    if (batch.kind === "contrastive")
      return both(await (inChunks ? this.#gradCache(batch, sizes) : this.#contrastive(batch)), this.#estimator(batch));
    const { examples } = batch;
    let sum = NO_COST;
    for (const { items } of chunksOf(examples, inChunks ? sizes.queries : examples.length)) sum = both(sum, await this.#language(items));
    return sum;
  }

  async #contrastive({ queries, targets }: ContrastiveBatch): Promise<StepCost> {
    const { processor } = this.#training.model;
    const [query, target] = [await processor.embeddingBatch(queries), await processor.embeddingBatch(targets)];
    const [queryVision, targetVision] = [visionModeOf(query), visionModeOf(target)];
    const graph = this.#graph(`contrastive ${queryVision} ${targetVision}`, () => {
      const { graph } = contrastiveGraph({ model: this.#modelOptions(), loss: this.#lossOptions(), queryVision, targetVision });
      return this.#backward(graph, { losses: ["loss"] });
    });
    return count(graph, {
      ...batchInputs(this.#modelOptions(), query, SIDE_PREFIXES.query),
      ...batchInputs(this.#modelOptions(), target, SIDE_PREFIXES.target),
      positives: { shape: [queries.length, targets.length] },
    });
  }

  /** Every chunk forward, the loss over all, every chunk forward and backward. */
  async #gradCache({ queries, targets }: ContrastiveBatch, sizes: ChunkSizes): Promise<StepCost> {
    const { paths, backbone } = this.#training.model;
    const loss = count(
      this.#graph("loss", () => buildLossGradientGraph(this.#lossOptions())),
      {
        queryPaths: { shape: [queries.length, paths.count, backbone.decoder.hiddenSize] },
        targetPaths: { shape: [targets.length, paths.count, backbone.decoder.hiddenSize] },
      },
    );
    let sum = loss;
    const chunks = [...chunksOf(queries, sizes.queries), ...chunksOf(targets, sizes.targets)];
    for (const { items } of chunks) sum = both(sum, await this.#encodedTwice(items));
    return sum;
  }

  async #encodedTwice(inputs: readonly PromptInput[]): Promise<StepCost> {
    const { processor, paths } = this.#training.model;
    const batch = await processor.embeddingBatch(inputs);
    const vision = visionModeOf(batch);
    const encoder = (): Graph => encoderGraph({ ...this.#modelOptions(), vision }).graph;
    const forward = this.#graph(`encoder ${vision}`, () => inPrecision(encoder(), this.#training.recipe.precision));
    const seeds = { ...(paths.count > 1 && { paths: "seed:paths" }), aggregate: "seed:aggregate" };
    const backward = this.#graph(`encoder gradient ${vision}`, () => this.#backward(encoder(), { seeds }));
    const shapes = batchInputs(this.#modelOptions(), batch);
    return both(count(forward, shapes), count(backward, shapes));
  }

  /** What the estimator learns from a batch. */
  #estimator({ queries, targets }: ContrastiveBatch): StepCost {
    const { regulariser } = this.#training.recipe.objective;
    const shape = estimatorShapeOf(this.#training);
    if (regulariser.kind !== "vclub" || shape === undefined) return NO_COST;
    const graph = this.#graph("estimator", () => {
      const plain = buildEstimatorGraph(shape);
      return differentiate(plain, { losses: ["loss"], inputs: [...plain.inputs.keys()].filter((name) => !isSide(name)) });
    });
    const { pathCount, dimensions } = shape;
    const once = count(graph, {
      queries: { shape: [queries.length, pathCount, dimensions] },
      targets: { shape: [targets.length, pathCount, dimensions] },
    });
    const parameters = [...graph.inputs].filter(([name]) => !isSide(name));
    const updates = parameters.reduce((sum, [, { shape: numbers }]) => sum + sizeOf(numbers as readonly number[]), 0);
    return repeated({ ...once, estimatorUpdates: updates }, regulariser.innerSteps);
  }

  async #language(examples: LanguageBatch["examples"]): Promise<StepCost> {
    const { batch, answerIds, answerRows } = await this.#training.model.processor.languageBatch(examples);
    const vision: VisionMode = visionModeOf(batch);
    const graph = this.#graph(`language ${vision}`, () =>
      this.#backward(languageGraph({ ...this.#modelOptions(), vision }).graph, { losses: ["loss"] }),
    );
    return count(graph, { ...batchInputs(this.#modelOptions(), batch), answerIds, answerRows });
  }

  #modelOptions(): ContrastiveGraphOptions["model"] {
    const { recipe, model } = this.#training;
    return { backbone: model.backbone, paths: model.paths, lora: model.lora, recompute: recipe.recompute, isTraining: true };
  }

  #lossOptions(): LossOptions {
    const { recipe, model } = this.#training;
    const shape = estimatorShapeOf(this.#training);
    const regulariser = regulariserOf(recipe, shape === undefined ? undefined : { shape });
    return {
      pathCount: model.paths.count,
      dimensions: model.backbone.decoder.hiddenSize,
      regulariser,
      symmetric: recipe.objective.symmetric,
    };
  }

  #backward(graph: Graph, of: Pick<DifferentiateOptions, "losses" | "seeds">): Graph {
    const backward = differentiate(graph, { ...of, inputs: [...graph.inputs.keys()].filter(this.#isTrainable) });
    return inPrecision(backward, this.#training.recipe.precision);
  }

  #graph(key: string, make: () => Graph): Graph {
    const graph = this.#graphs.get(key) ?? make();
    this.#graphs.set(key, graph);
    return graph;
  }
}

function count(graph: Graph, shapes: Shapes): StepCost {
  const known = [...graph.inputs].filter(([name]) => Object.hasOwn(shapes, name));
  const bindings = bindInputs({ inputs: new Map(known) }, shapes);
  const { traffic, operations, peak } = graphMemory(graph, bindings);
  return { flops: countFlops(graph, bindings), traffic, operations, estimatorUpdates: 0, held: new Map([[graph, peak]]) };
}

/** One after the other. */
export function both(first: StepCost, second: StepCost): StepCost {
  return {
    flops: first.flops + second.flops,
    traffic: { cached: first.traffic.cached + second.traffic.cached, main: first.traffic.main + second.traffic.main },
    operations: first.operations + second.operations,
    estimatorUpdates: first.estimatorUpdates + second.estimatorUpdates,
    held: largestOf(first.held, second.held),
  };
}

/** The same so many times. */
function repeated(cost: StepCost, times: number): StepCost {
  const { flops, traffic, operations, estimatorUpdates, held } = cost;
  return {
    flops: times * flops,
    traffic: { cached: times * traffic.cached, main: times * traffic.main },
    operations: times * operations,
    estimatorUpdates: times * estimatorUpdates,
    held,
  };
}

/** Whether an input of the estimator's graph holds embeddings. */
function isSide(name: string): boolean {
  return (SIDES as readonly string[]).includes(name);
}

/** The more that each graph held of two. */
function largestOf(first: StepCost["held"], second: StepCost["held"]): StepCost["held"] {
  const largest = new Map(first);
  for (const [graph, bytes] of second) largest.set(graph, Math.max(bytes, largest.get(graph) ?? 0));
  return largest;
}
