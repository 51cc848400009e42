import type { Dimension } from "../graph/dimension.ts";
import { after, mul, reduceSum, reshape, sub } from "../graph/operators.ts";
import type { Value, ValueOf } from "../graph/value.ts";
import { plainValue } from "./plain-value.ts";
import type { RuleContext } from "./rule.ts";

/** `dx = y·(g - Σ g·y)`, over the last axis. */
export function softmaxRule({ output, gradient }: Pick<RuleContext<"softmax">, "output" | "gradient">): readonly Value[] {
  const sum = attentionSum(output, gradient) ?? reduceSum(mul(gradient, output), [-1], true);
  return [mul(output, sub(gradient, sum))];
}

/**
 * In attention the rows `y` weigh the rows of `v`, and `g = d·vᵀ`: then `Σ g·y = Σ d·(y·v)`, sums over a head's width in place of a whole
 * sequence, of a product that is there already. Undefined where y does not weigh, or the head is no narrower.
 * @source Dao et al. 2022, "FlashAttention", appendix B.2.
 */
function attentionSum(weights: Value, gradient: Value): Value | undefined {
  const { plain: product, earlier } = plainValue(gradient);
  if (product.operation !== "matmul" || product.attributes.transposeA || !product.attributes.transposeB) return undefined;
  const [mixedGradient, values] = product.inputs as readonly [Value, Value];
  const mixed = weights.builder.values.find((value) => isMixture(value, weights, values));
  if (mixed === undefined || !pays(weights.shape.at(-1) as Dimension, mixed.shape.at(-1) as Dimension)) return undefined;
  return reshape(reduceSum(mul(after(mixedGradient, ...earlier), mixed), [-1], true), [...weights.shape.slice(0, -1), 1]);
}

function isMixture(value: Value, weights: Value, values: Value): value is ValueOf<"matmul"> {
  if (value.operation !== "matmul" || value.attributes.transposeA || value.attributes.transposeB) return false;
  return value.inputs[1] === values && plainValue(value.inputs[0] as Value).plain === weights;
}

function pays(keys: Dimension, width: Dimension): boolean {
  return typeof width === "number" && (typeof keys !== "number" || keys > width);
}
