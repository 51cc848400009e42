import { add, div, mul, reduceMean, reduceSum, sqrt, square, sub } from "../graph/operators.ts";
import type { Value } from "../graph/value.ts";
import type { RuleContext } from "./rule.ts";

/**
 * With `n = x·r`, `r = 1/√(mean(x²) + ε)` and `h = g·w`: `dx = r·(h - n·mean(h·n))`, `dw = Σ g·n`. The forward pass keeps its fused kernel,
 * and nothing but x is kept for the backward pass.
 */
export function rmsNormRule({ inputs, gradient, attributes: { epsilon } }: RuleContext<"rmsNorm">): readonly Value[] {
  const [x, weight] = inputs as readonly [Value, Value];
  const inverse = div(1, sqrt(add(reduceMean(square(x), [-1], true), epsilon)));
  const normalised = mul(x, inverse);
  const product = mul(gradient, normalised);
  const correction = mul(normalised, reduceMean(mul(product, weight), [-1], true));
  const forX = mul(sub(mul(gradient, weight), correction), inverse);
  return [forX, reduceSum(product, leadingAxes(x))];
}

/** As `rmsNormRule` on `n = (x - mean)·r`, with `dx = r·(h - mean(h) - n·mean(h·n))`, `db = Σ g`. */
export function layerNormRule({ inputs, gradient, attributes: { epsilon } }: RuleContext<"layerNorm">): readonly Value[] {
  const [x, weight] = inputs as readonly [Value, Value, Value];
  const centred = sub(x, reduceMean(x, [-1], true));
  const inverse = div(1, sqrt(add(reduceMean(square(centred), [-1], true), epsilon)));
  const normalised = mul(centred, inverse);
  const product = mul(gradient, normalised);
  const weighted = mul(gradient, weight);
  const correction = mul(normalised, reduceMean(mul(product, weight), [-1], true));
  const forX = mul(sub(sub(weighted, reduceMean(weighted, [-1], true)), correction), inverse);
  return [forX, reduceSum(product, leadingAxes(x)), reduceSum(gradient, leadingAxes(x))];
}

function leadingAxes(x: Value): number[] {
  return x.shape.slice(0, -1).map((_, axis) => axis);
}
