import { sameDimension, sameShape, type Dimension, type Shape } from "../graph/dimension.ts";
import { reduceSum, reshape } from "../graph/operators.ts";
import type { Value } from "../graph/value.ts";

/** Sums a gradient over the axes along which its operand was broadcast, so that it has the operand's shape again. */
export function reduceToShape(gradient: Value, shape: Shape): Value {
  if (sameShape(gradient.shape, shape)) return gradient;
  const added = gradient.shape.length - shape.length;
  const axes = gradient.shape.flatMap((length, axis) => (isBroadcast(length, shape[axis - added]) ? [axis] : []));
  return reshape(axes.length === 0 ? gradient : reduceSum(gradient, axes, false), shape);
}

function isBroadcast(length: Dimension, original: Dimension | undefined): boolean {
  return original === undefined || !sameDimension(length, original);
}
