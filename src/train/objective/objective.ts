import { gradientName } from "../../engine/autodiff/differentiate.ts";
import { GraphSession } from "../../engine/runtime/graph-session.ts";
import { expectFloat, scalar, zeros, type FloatTensor, type Tensor } from "../../engine/tensor/tensor.ts";
import { present } from "../../errors/families.ts";
import type { ContrastiveMasks } from "./contrastive-masks.ts";
import type { EstimatorReading } from "./estimator-reading.ts";
import { buildLossGradientGraph, EMBEDDINGS, type EmbeddingName, type LossOptions, type Regulariser } from "./loss-graph.ts";
import { MutualInformationEstimator, type EstimatorOptions } from "./mutual-information-estimator.ts";
import type { PairKind } from "./path-pairs.ts";
import { unitRows } from "./unit-rows.ts";

/** Settings of {@link Objective}. */
export interface ObjectiveOptions extends Omit<LossOptions, "regulariser"> {
  readonly regulariser: RegulariserOptions;
  readonly seed: number;
  readonly threads?: number;
}

/** A regulariser and, for vCLUB, how its estimator is built and trained. */
export type RegulariserOptions =
  | { readonly kind: "none" }
  | { readonly kind: "orthogonality"; readonly centred: boolean }
  | {
      readonly kind: "vclub";
      readonly pairs: PairKind;
      readonly hiddenWidth: number;
      readonly learningRate: number;
      readonly innerSteps: number;
    };

/** Embeddings of a whole batch, of any length: paths [B, N, D] and [M, N, D], aggregates [B, D] and [M, D]. */
export type BatchEmbeddings = Readonly<Record<EmbeddingName, FloatTensor>>;

/** The loss's scalars, which may change from step to step. */
export interface LossWeights {
  readonly temperature: number;
  /** a, of the mean InfoNCE of the paths. */
  readonly pathWeight: number;
  /** b, of the regulariser. */
  readonly regulariserWeight: number;
}

/** A loss with its parts and its gradients. */
export interface LossResult {
  readonly loss: number;
  readonly aggregateLoss: number;
  /** Precision@1 within the batch. */
  readonly aggregatePrecision: number;
  /** One per path. */
  readonly pathLosses: Float32Array;
  readonly pathPrecisions: Float32Array;
  /** Without its weight; 0 for none. */
  readonly regulariser: number;
  /** dL/dE of every embedding, of its shape. */
  readonly gradients: BatchEmbeddings;
}

/** The loss over a whole batch of embeddings, and the estimator that goes with vCLUB. */
export class Objective {
  readonly estimator: MutualInformationEstimator | undefined;
  readonly #session: GraphSession;

  private constructor(session: GraphSession, estimator: MutualInformationEstimator | undefined) {
    this.#session = session;
    this.estimator = estimator;
  }

  static async create(options: ObjectiveOptions): Promise<Objective> {
    const estimatorOptions = estimatorOptionsOf(options);
    const estimator = estimatorOptions === undefined ? undefined : await MutualInformationEstimator.create(estimatorOptions);
    const graph = buildLossGradientGraph({ ...options, regulariser: regulariserOf(options.regulariser, estimator) });
    return new Objective(await GraphSession.create(graph, sessionOptions(options)), estimator);
  }

  /**
   * Loss and gradients with respect to the embeddings; the estimator stays as it is.
   * @throws {ShapeError} if embeddings and masks do not fit each other.
   */
  async evaluate(embeddings: BatchEmbeddings, masks: ContrastiveMasks, weights: LossWeights): Promise<LossResult> {
    const outputs = await this.#session.run({
      ...embeddings,
      positives: masks.positives,
      excluded: masks.excluded,
      temperature: scalar(weights.temperature),
      pathWeight: scalar(weights.pathWeight),
      regulariserWeight: scalar(weights.regulariserWeight),
      ...Object.fromEntries(this.estimator?.parameters ?? []),
    });
    const gradients = EMBEDDINGS.map((name) => [name, floatOf(outputs, gradientName(name)) ?? zeros(embeddings[name].shape)] as const);
    return { ...partsOf(outputs), gradients: Object.fromEntries(gradients) as BatchEmbeddings };
  }

  /**
   * Lets the estimator learn from a batch: before {@link evaluate}, so that the encoder descends on what it knows of this very batch.
   * @returns its held-out reading, taken before it learnt; undefined without an estimator.
   */
  async trainEstimator({
    queryPaths,
    targetPaths,
  }: Pick<BatchEmbeddings, "queryPaths" | "targetPaths">): Promise<EstimatorReading | undefined> {
    return this.estimator?.train({ queries: unitRows(queryPaths), targets: unitRows(targetPaths) });
  }

  async dispose(): Promise<void> {
    await Promise.all([this.#session.dispose(), this.estimator?.dispose()]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }
}

function estimatorOptionsOf(options: ObjectiveOptions): EstimatorOptions | undefined {
  const { pathCount, dimensions, regulariser, seed } = options;
  if (regulariser.kind !== "vclub" || pathCount === 1) return undefined;
  const { pairs, hiddenWidth, learningRate, innerSteps } = regulariser;
  return { pathCount, dimensions, pairs, hiddenWidth, learningRate, innerSteps, seed, ...sessionOptions(options) };
}

function regulariserOf(options: RegulariserOptions, estimator: MutualInformationEstimator | undefined): Regulariser {
  if (options.kind !== "vclub") return options;
  return estimator === undefined ? { kind: "none" } : { kind: "vclub", estimator: estimator.shape };
}

function sessionOptions({ threads }: { readonly threads?: number }): { threads?: number } {
  return threads === undefined ? {} : { threads };
}

function partsOf(outputs: Readonly<Record<string, Tensor>>): Omit<LossResult, "gradients"> {
  const data = (name: string): Float32Array => present(floatOf(outputs, name), name).data;
  const number = (name: string): number => data(name)[0] as number;
  return {
    loss: number("loss"),
    aggregateLoss: number("aggregateLoss"),
    aggregatePrecision: number("aggregatePrecision"),
    pathLosses: data("pathLosses"),
    pathPrecisions: data("pathPrecisions"),
    regulariser: number("regulariser"),
  };
}

function floatOf(outputs: Readonly<Record<string, Tensor>>, name: string): FloatTensor | undefined {
  const tensor = outputs[name];
  return tensor === undefined ? undefined : expectFloat(tensor);
}
