import type { GraphBuilder } from "../../engine/graph/graph-builder.ts";
import { add, matmul, mul, silu, tanh } from "../../engine/graph/operators.ts";
import type { Value } from "../../engine/graph/value.ts";
import { floatTensor, sizeOf, type FloatTensor } from "../../engine/tensor/tensor.ts";
import type { RandomStream } from "../../random/random-stream.ts";

/** Sizes of the networks q(y|x), one for each of P pairs of paths. */
export interface PairGaussiansShape {
  readonly pairCount: number;
  readonly dimensions: number;
  readonly hiddenWidth: number;
}

/** The tensors of P networks, stacked. */
export type PairGaussiansTensor =
  "hidden.weight" | "hidden.bias" | "mean.weight" | "mean.bias" | "mean.linear" | "logVariance.weight" | "logVariance.bias";

export type PairGaussiansParameters<T> = { readonly [K in PairGaussiansTensor]: T };

/** Shape of each tensor: weights [P, in, out], biases [P, 1, out]. */
function pairGaussiansShapes({ pairCount, dimensions, hiddenWidth }: PairGaussiansShape): PairGaussiansParameters<readonly number[]> {
  return {
    "hidden.weight": [pairCount, dimensions, hiddenWidth],
    "hidden.bias": [pairCount, 1, hiddenWidth],
    "mean.weight": [pairCount, hiddenWidth, dimensions],
    "mean.bias": [pairCount, 1, dimensions],
    "mean.linear": [pairCount, dimensions, dimensions],
    "logVariance.weight": [pairCount, hiddenWidth, dimensions],
    "logVariance.bias": [pairCount, 1, dimensions],
  };
}

/**
 * Seeded initial values: random hidden weights, everything after them 0. So q(y|x) begins as N(0, I), which is the marginal of
 * standardised vectors: the mutual information it tells of is 0 until something has been learnt.
 */
export function initialPairGaussians(shape: PairGaussiansShape, random: RandomStream): PairGaussiansParameters<FloatTensor> {
  return mapTensors(pairGaussiansShapes(shape), (dimensions, name) => {
    const length = sizeOf(dimensions);
    const isRandom = name === "hidden.weight";
    return floatTensor(dimensions, isRandom ? random.normals(length, 1 / Math.sqrt(shape.dimensions)) : new Float32Array(length));
  });
}

/** Declares the tensors as inputs of a graph, named `<prefix>.<tensor>`. */
export function pairGaussiansInputs(builder: GraphBuilder, shape: PairGaussiansShape, prefix: string): PairGaussiansParameters<Value> {
  return mapTensors(pairGaussiansShapes(shape), (dimensions, name) => builder.input(`${prefix}.${name}`, "float32", dimensions));
}

/** The same for every tensor's entry. */
export function mapTensors<T, R>(
  parameters: PairGaussiansParameters<T>,
  map: (entry: T, name: PairGaussiansTensor) => R,
): PairGaussiansParameters<R> {
  const entries = Object.entries(parameters) as [PairGaussiansTensor, T][];
  return Object.fromEntries(entries.map(([name, entry]) => [name, map(entry, name)])) as PairGaussiansParameters<R>;
}

/** Mean and log-variance of q(y|x), each [P, B, D]. */
export interface Prediction {
  readonly mean: Value;
  readonly logVariance: Value;
}

/** Log-variances lie within this of 0: no pair of vectors pays more than it can at a correlation of 0.97. */
const LOG_VARIANCE_LIMIT = 3;

/** The smallest variance that q can tell, and so the smallest that the marginal it is held against may have. */
export const LEAST_VARIANCE: number = Math.exp(-LOG_VARIANCE_LIMIT);

/**
 * `q(y|x) = N(μ(x), diag exp(λ(x)))` with one hidden layer `h = silu(x W)`: μ linear in h and in x, λ = 3 tanh(z/3), z linear in h.
 * The direct way from x to μ makes the best predictor of jointly Gaussian vectors exact instead of approximate.
 * @param x [P, B, D], standardised.
 */
export function predict(x: Value, parameters: PairGaussiansParameters<Value>): Prediction {
  const hidden = silu(add(matmul(x, parameters["hidden.weight"]), parameters["hidden.bias"]));
  const linear = add(matmul(x, parameters["mean.linear"]), parameters["mean.bias"]);
  const z = add(matmul(hidden, parameters["logVariance.weight"]), parameters["logVariance.bias"]);
  return {
    mean: add(matmul(hidden, parameters["mean.weight"]), linear),
    logVariance: mul(tanh(mul(z, 1 / LOG_VARIANCE_LIMIT)), LOG_VARIANCE_LIMIT),
  };
}
