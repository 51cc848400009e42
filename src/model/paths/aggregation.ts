import type { Dimension } from "../../engine/graph/dimension.ts";
import { l2Normalize, matmul, mul, reduceMean, reduceSum, reshape, silu, softmax, add } from "../../engine/graph/operators.ts";
import type { Value } from "../../engine/graph/value.ts";
import type { ParameterSource } from "../nn/parameter-source.ts";
import type { PathConfig } from "./path-config.ts";

/**
 * One vector of the N: `[B, N, hidden] -> [B, hidden]`, not normalised. Paths are brought to unit length first, so that none outweighs the others by
 * its norm (ours). `gate`: weights are a softmax over paths of a small network that sees all of them; it starts as the mean.
 * @source gate: ParScale, Chen et al. 2025.
 */
export function aggregate(parameters: ParameterSource, config: PathConfig, paths: Value): Value {
  const units = l2Normalize(paths);
  if (config.count === 1 || config.aggregation === "mean") return reduceMean(units, [1]);
  const weights = gateWeights(parameters, paths);
  const [batch, count] = paths.shape as [Dimension, number];
  return reduceSum(mul(units, reshape(weights, [batch, count, 1])), [1]);
}

/** `softmax(W₂·silu(W₁·concat(paths)))`: `[B, N]`. */
function gateWeights(parameters: ParameterSource, paths: Value): Value {
  const [batch, count, width] = paths.shape as [Dimension, number, number];
  const first = parameters.parameter("paths.gate.0.weight", [width, count * width]);
  const firstBias = parameters.parameter("paths.gate.0.bias", [width]);
  const second = parameters.parameter("paths.gate.2.weight", [count, width]);
  const inner = silu(add(matmul(reshape(paths, [batch, count * width]), first, { transposeB: true }), firstBias));
  return softmax(matmul(inner, second, { transposeB: true }));
}
