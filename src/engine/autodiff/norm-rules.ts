import { add, div, mul, reduceMean, reduceSum, sqrt, square, sub } from "../graph/operators.ts";
import type { Value } from "../graph/value.ts";
import type { RuleContext } from "./rule.ts";

/**
 * With `r = 1/√(mean(x²) + ε)` and `h = g·w`: `dx = r·(h - x·r²·mean(h·x))`, `dw = Σ g·x·r`. The forward pass keeps its fused kernel, and
 * nothing but x is kept for the backward pass. A weight that is not trained costs no pass over its gradient.
 */
export function rmsNormRule({ inputs, gradient, attributes: { epsilon } }: RuleContext<"rmsNorm">): readonly Value[] {
  const [x, weight] = inputs as readonly [Value, Value];
  const inverse = div(1, sqrt(add(reduceMean(square(x), [-1], true), epsilon)));
  const weighted = mul(gradient, weight);
  const forX = mul(sub(weighted, alongX(weighted, x, inverse)), inverse);
  return [forX, reduceSum(mul(gradient, mul(x, inverse)), leadingAxes(x))];
}

/** As `rmsNormRule` on the centred `c = x - mean(x)`: `dx = r·(h - mean(h) - c·r²·mean(h·c))`, `dw = Σ g·c·r`, `db = Σ g`. */
export function layerNormRule({ inputs, gradient, attributes: { epsilon } }: RuleContext<"layerNorm">): readonly Value[] {
  const [x, weight] = inputs as readonly [Value, Value, Value];
  const centred = sub(x, reduceMean(x, [-1], true));
  const inverse = div(1, sqrt(add(reduceMean(square(centred), [-1], true), epsilon)));
  const weighted = mul(gradient, weight);
  const even = sub(weighted, reduceMean(weighted, [-1], true));
  const forX = mul(sub(even, alongX(weighted, centred, inverse)), inverse);
  return [forX, reduceSum(mul(gradient, mul(centred, inverse)), leadingAxes(x)), reduceSum(gradient, leadingAxes(x))];
}

/** `x·r²·mean(h·x)`: the part of the gradient that would only change x's length, which a norm takes away again. */
function alongX(weighted: Value, x: Value, inverse: Value): Value {
  return mul(x, mul(reduceMean(mul(weighted, x), [-1], true), square(inverse)));
}

function leadingAxes(x: Value): number[] {
  return x.shape.slice(0, -1).map((_, axis) => axis);
}
