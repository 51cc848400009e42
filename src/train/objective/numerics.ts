import {
  abs,
  add,
  div,
  exp,
  log,
  maximum,
  neg,
  reduceMax,
  reduceMean,
  reduceSum,
  sqrt,
  square,
  stopGradient,
  sub,
  transpose,
} from "../../engine/graph/operators.ts";
import type { Value } from "../../engine/graph/value.ts";

/** `log Σ exp(x)` over the last axis, which is kept with length 1; shifted by the maximum, so that it never overflows. */
export function logSumExp(x: Value): Value {
  const largest = stopGradient(reduceMax(x, [-1], true));
  return add(log(reduceSum(exp(sub(x, largest)), [-1], true)), largest);
}

/** `log(1 + exp(x))`, elementwise, without overflow. */
export function softplus(x: Value): Value {
  return add(maximum(x, 0), log(add(exp(neg(abs(x))), 1)));
}

/** `[.., R, C] -> [.., C, R]` */
export function swapLastAxes(x: Value): Value {
  const axes = x.shape.map((_, axis) => axis);
  const [columns, rows] = [axes.length - 1, axes.length - 2];
  return transpose(x, [...axes.slice(0, -2), columns, rows]);
}

/**
 * Each column of a batch with mean 0 and variance 1: `(x - mean) / sqrt(variance + epsilon)` over the rows of [.., B, D], no affine part.
 * The gradient flows through mean and variance too: so it is blind to a column's offset and scale, and whoever descends on a measure
 * of standardised vectors cannot be paid for shrinking them.
 * @param epsilon small beside 1/D, the mean variance of unit vectors' columns.
 */
export function standardise(x: Value, epsilon = 1e-6): Value {
  const centred = sub(x, reduceMean(x, [-2], true));
  return div(centred, sqrt(add(reduceMean(square(centred), [-2], true), epsilon)));
}
