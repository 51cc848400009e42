import type { Dimension } from "../../engine/graph/dimension.ts";
import {
  add,
  dimensionValue,
  div,
  exp,
  log,
  matmul,
  maximum,
  mul,
  neg,
  reduceMean,
  reduceSum,
  sqrt,
  square,
  sub,
} from "../../engine/graph/operators.ts";
import type { Value } from "../../engine/graph/value.ts";
import { standardise } from "./numerics.ts";
import { LEAST_VARIANCE, predict, type PairGaussiansParameters } from "./pair-gaussians.ts";
import { gatherPairs, type PathPair } from "./path-pairs.ts";

/** What the estimator sees of every pair: standardised vectors, [P, B, D] each. */
export interface StandardisedPairs {
  readonly first: Value;
  readonly second: Value;
}

/** The pairs of paths [B, N, D] as the estimator sees them: each column standardised over the batch. Embeddings are of unit length. */
export function standardisedPairs(paths: Value, pairs: readonly PathPair[]): StandardisedPairs {
  const { first, second } = gatherPairs(paths, pairs);
  return { first: standardise(first), second: standardise(second) };
}

/**
 * vCLUB of every pair, nats per dimension, [P]: `1/D Σ_d mean_i ( log q(y_i|x_i) - mean_j log q(y_j|x_i) )` with all B² negatives in
 * closed form, since `mean_j (y_j - μ_i)²` needs only the batch's means of y and y²:
 * `1/(2D) Σ_d mean_i exp(-λ_i) ( mean(y²) - y_i² + 2 μ_i (y_i - mean(y)) )`.
 * An upper bound of the mutual information only for a good q; with a perfect one it is ρ²/(1-ρ²) for Gaussians of correlation ρ.
 * @source Cheng et al. 2020, "CLUB: A Contrastive Log-ratio Upper Bound of Mutual Information"; bounded λ and standardised inputs are ours.
 */
export function vclub({ first, second }: StandardisedPairs, parameters: PairGaussiansParameters<Value>): Value {
  const { mean, logVariance } = predict(first, parameters);
  const spread = sub(reduceMean(square(second), [-2], true), square(second));
  const fit = mul(mul(mean, sub(second, reduceMean(second, [-2], true))), 2);
  return mul(reduceMean(mul(exp(neg(logVariance)), add(spread, fit)), [-1, -2]), 0.5);
}

/**
 * Negative log-likelihood of every pair, nats per dimension, [P]: `1/(2D) Σ_d mean_i ( (y_i - μ_i)² exp(-λ_i) + λ_i + log 2π )`.
 */
export function negativeLogLikelihood({ first, second }: StandardisedPairs, parameters: PairGaussiansParameters<Value>): Value {
  const { mean, logVariance } = predict(first, parameters);
  const errors = mul(square(sub(second, mean)), exp(neg(logVariance)));
  return mul(add(reduceMean(add(errors, logVariance), [-1, -2]), Math.log(2 * Math.PI)), 0.5);
}

/**
 * Negative log-likelihood of the Gaussian that knows nothing of x but has y's variance, nats per dimension, [P]. On standardised
 * vectors `½ log 2πe`; a column that is constant in the batch counts with the smallest variance q can tell.
 * What q's likelihood is better by bounds the mutual information from below (for Gaussian y), as vCLUB does from above.
 */
export function marginalNegativeLogLikelihood({ second }: StandardisedPairs): Value {
  const power = reduceMean(square(second), [-2], true);
  const variance = maximum(power, LEAST_VARIANCE);
  return mul(add(reduceMean(add(log(variance), div(power, variance)), [-1, -2]), Math.log(2 * Math.PI)), 0.5);
}

/**
 * How far the squared correlations between the columns of two paths lie above what independent ones would show, in standard deviations, [P]:
 * `((B-1) Σ r²_xy - D²) / (√2 |R_xx| |R_yy|)` with Frobenius norms of the correlation matrices. About 0 ± 1 for independent paths.
 * It needs no estimator, so it tells a dead one from paths that have nothing in common.
 */
export function linearDependence({ first, second }: StandardisedPairs): Value {
  const [, rows, dimensions] = first.shape as [Dimension, Dimension, number];
  const count = dimensionValue(first.builder, rows);
  const power = (x: Value, y: Value): Value => reduceSum(square(div(matmul(x, y, { transposeA: true }), count)), [-1, -2]);
  const excess = sub(mul(power(first, second), sub(count, 1)), dimensions ** 2);
  return div(excess, mul(sqrt(mul(power(first, first), power(second, second))), Math.SQRT2));
}
