import { differentiate, gradientName } from "../../engine/autodiff/differentiate.ts";
import { GraphSession } from "../../engine/runtime/graph-session.ts";
import { expectFloat, type FloatTensor, type Tensor } from "../../engine/tensor/tensor.ts";
import { invariant, present } from "../../errors/families.ts";
import { RandomStream } from "../../random/random-stream.ts";
import { AdamW } from "../optimizer/adamw.ts";
import { restoreTensors } from "../optimizer/restore-tensors.ts";
import { buildEstimatorGraph, estimatorPrefix, networksOf, readingName, SIDES, type EstimatorShape, type Side } from "./estimator-graph.ts";
import type { EstimatorReading, PairReading } from "./estimator-reading.ts";
import { initialPairGaussians } from "./pair-gaussians.ts";
import { pairsOf } from "./path-pairs.ts";

/** Settings of {@link MutualInformationEstimator}. */
export interface EstimatorOptions extends EstimatorShape {
  readonly seed: number;
  /** Of its own Adam. */
  readonly learningRate: number;
  /** Steps on each batch it is trained on. */
  readonly innerSteps: number;
  readonly threads?: number;
}

/** Path embeddings of a batch, of unit length (see `unitRows`): queries [B, N, D], targets [M, N, D]. */
export interface PathEmbeddings {
  readonly queries: FloatTensor;
  readonly targets: FloatTensor;
}

/**
 * The networks q(y|x) behind vCLUB, with their own Adam: trained by maximum likelihood on each batch's embeddings, while the encoder
 * that minimises vCLUB takes their tensors as fixed inputs.
 */
export class MutualInformationEstimator {
  readonly shape: EstimatorShape;
  readonly #parameters: ReadonlyMap<string, FloatTensor>;
  readonly #optimizer = new AdamW({ weightDecay: 0 });
  readonly #session: GraphSession;
  readonly #learningRate: number;
  readonly #innerSteps: number;

  private constructor(options: EstimatorOptions, parameters: ReadonlyMap<string, FloatTensor>, session: GraphSession) {
    const { pathCount, dimensions, hiddenWidth, pairs } = options;
    this.shape = { pathCount, dimensions, hiddenWidth, pairs };
    this.#parameters = parameters;
    this.#session = session;
    this.#learningRate = options.learningRate;
    this.#innerSteps = options.innerSteps;
  }

  /** Makes an estimator with seeded initial values. Needs two paths at least. */
  static async create(options: EstimatorOptions): Promise<MutualInformationEstimator> {
    invariant(options.pathCount > 1, "an estimator of mutual information between paths was asked for with fewer than two paths");
    const parameters = initialParameters(options);
    const graph = differentiate(buildEstimatorGraph(options), { losses: ["loss"], inputs: [...parameters.keys()] });
    const session = await GraphSession.create(graph, options.threads === undefined ? {} : { threads: options.threads });
    return new MutualInformationEstimator(options, parameters, session);
  }

  /** Its tensors by name, as the loss graph's inputs want them. `train` changes them in place. */
  get parameters(): ReadonlyMap<string, FloatTensor> {
    return this.#parameters;
  }

  /**
   * Takes its inner steps on a batch.
   * @returns what it read off the batch BEFORE it learnt from it: held-out values, if the batch is new.
   */
  async train(embeddings: PathEmbeddings): Promise<EstimatorReading> {
    let heldOut: EstimatorReading | undefined;
    for (let inner = 0; inner < this.#innerSteps; inner++) {
      const outputs = await this.#run(embeddings);
      heldOut ??= this.#read(outputs);
      // embeddings that are not finite are the encoder's failure, which its own loss shows; the estimator must survive it
      if (Number.isFinite(heldOut.negativeLogLikelihood)) this.#learn(outputs);
    }
    return heldOut ?? this.evaluate(embeddings);
  }

  /** Reads a batch without learning from it. */
  async evaluate(embeddings: PathEmbeddings): Promise<EstimatorReading> {
    return this.#read(await this.#run(embeddings));
  }

  /** Parameters and optimizer for a checkpoint. Shares memory with the estimator: write it before the next step. */
  state(): Map<string, Tensor> {
    const moments = [...this.#optimizer.state()].map(([name, tensor]) => [`${OPTIMIZER}${name}`, tensor] as const);
    return new Map<string, Tensor>([...this.#parameters, ...moments]);
  }

  /** Takes over what `state` gave. @throws {WeightsError} if it was saved from another kind of estimator. */
  load(state: ReadonlyMap<string, Tensor>): void {
    restoreTensors(this.#parameters, state);
    const moments = [...state].filter(([name]) => name.startsWith(OPTIMIZER));
    this.#optimizer.load(new Map(moments.map(([name, tensor]) => [name.slice(OPTIMIZER.length), tensor])));
  }

  async dispose(): Promise<void> {
    await this.#session.dispose();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  #run(embeddings: PathEmbeddings): Promise<Record<string, Tensor>> {
    return this.#session.run({ ...embeddings, ...Object.fromEntries(this.#parameters) });
  }

  #learn(outputs: Readonly<Record<string, Tensor>>): void {
    const gradients = [...this.#parameters.keys()].map((name) => [name, floatOf(outputs, gradientName(name))] as const);
    this.#optimizer.step(this.#parameters, new Map(gradients), this.#learningRate);
  }

  #read(outputs: Readonly<Record<string, Tensor>>): EstimatorReading {
    const pairs = SIDES.flatMap((side) => readPairs(side, outputs, this.shape));
    const mean = (of: (pair: PairReading) => number): number => pairs.reduce((sum, pair) => sum + of(pair), 0) / pairs.length;
    return {
      negativeLogLikelihood: floatOf(outputs, "loss").data[0] as number,
      value: mean(({ value }) => value),
      likelihoodGain: mean(({ likelihoodGain }) => likelihoodGain),
      pairs,
    };
  }
}

const OPTIMIZER = "adam/";

function initialParameters(options: EstimatorOptions): Map<string, FloatTensor> {
  const parameters = new Map<string, FloatTensor>();
  for (const side of SIDES) {
    const random = new RandomStream(options.seed, "mutual information", side);
    for (const [name, tensor] of Object.entries<FloatTensor>(initialPairGaussians(networksOf(options), random))) {
      parameters.set(`${estimatorPrefix(side)}.${name}`, tensor);
    }
  }
  return parameters;
}

function readPairs(side: Side, outputs: Readonly<Record<string, Tensor>>, { pathCount, pairs }: EstimatorShape): PairReading[] {
  const column = (name: "value" | "likelihoodGain" | "dependence"): Float32Array => floatOf(outputs, readingName(side, name)).data;
  const [values, gains, dependences] = [column("value"), column("likelihoodGain"), column("dependence")];
  return pairsOf(pathCount, pairs).map(({ first, second }, at) => ({
    side,
    first,
    second,
    value: values[at] as number,
    likelihoodGain: gains[at] as number,
    dependence: dependences[at] as number,
  }));
}

function floatOf(outputs: Readonly<Record<string, Tensor>>, name: string): FloatTensor {
  return expectFloat(present(outputs[name], name));
}
