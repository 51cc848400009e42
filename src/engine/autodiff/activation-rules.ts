import { add, erf, exp, mul, sigmoid, square, sub, tanh } from "../graph/operators.ts";
import type { Value } from "../graph/value.ts";
import type { RuleContext } from "./rule.ts";

/** `σ + α·y·(1 - σ)` for `y = x·σ(αx)`: the output is there already and saves a pass. */
export function swishRule(
  { inputs, output, gradient }: Pick<RuleContext<"silu">, "inputs" | "output" | "gradient">,
  alpha: number,
): readonly Value[] {
  const x = inputs[0] as Value;
  const gate = sigmoid(scaled(x, alpha));
  return [mul(gradient, add(gate, mul(scaled(output, alpha), sub(1, gate))))];
}

export function geluRule(context: RuleContext<"gelu">): readonly Value[] {
  const { gradient, inputs, attributes } = context;
  const x = inputs[0] as Value;
  switch (attributes.approximation) {
    case "quick":
      return swishRule(context, 1.702);
    case "erf": {
      const cumulative = add(mul(erf(mul(x, Math.SQRT1_2)), 0.5), 0.5);
      const density = exp(mul(square(x), -0.5));
      return [mul(gradient, add(cumulative, mul(mul(x, density), 1 / Math.sqrt(2 * Math.PI))))];
    }
    case "tanh":
      return [mul(gradient, tanhDerivative(x))];
  }
}

/** `(1 + t)/2 + x/2·(1 - t²)·u'` with `t = tanh(u)`, `u = √(2/π)·(x + 0.044715·x³)`. */
function tanhDerivative(x: Value): Value {
  const squared = square(x);
  const slope = Math.sqrt(2 / Math.PI);
  const bent = tanh(mul(x, add(mul(squared, 0.044715 * slope), slope)));
  const inner = add(mul(squared, 3 * 0.044715 * slope), slope);
  return mul(add(add(bent, 1), mul(mul(x, inner), sub(1, square(bent)))), 0.5);
}

function scaled(x: Value, factor: number): Value {
  return factor === 1 ? x : mul(x, factor);
}
