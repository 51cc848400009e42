import { sameShape } from "../graph/dimension.ts";
import { mul } from "../graph/operators.ts";
import type { Value } from "../graph/value.ts";

/** `gradient · factor`. A gradient that is one number everywhere, as a sum's, is not spread out for it; and a loss's own, 1, needs no product. */
export function times(gradient: Value, factor: Value): Value {
  const number = spreadNumber(gradient);
  if (number === undefined || !sameShape(gradient.shape, factor.shape)) return mul(gradient, factor);
  return isOne(number) ? factor : mul(number, factor);
}

/** The scalar that a value repeats everywhere. */
function spreadNumber(value: Value): Value | undefined {
  if (value.shape.length === 0) return undefined;
  let source = value;
  while (source.operation === "expand" || source.operation === "reshape") source = source.inputs[0] as Value;
  return source.shape.length === 0 ? source : undefined;
}

function isOne(value: Value): boolean {
  return value.operation === "constant" && value.attributes.tensor.data[0] === 1;
}
