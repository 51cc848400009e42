import { addDimensions, type Dimension } from "../../engine/graph/dimension.ts";
import type { GraphBuilder } from "../../engine/graph/graph-builder.ts";
import { cast, iota, lessOrEqual, reshape, sub, where } from "../../engine/graph/operators.ts";
import type { Value } from "../../engine/graph/value.ts";

/** Added to scores that must not count: large enough to vanish in the softmax, small enough to stay finite in float32. */
export const MASKED = -1e9;

/**
 * Scores' bias that lets token t see all of the prefix and the tokens 0..t: `[1, 1, tokens, prefix + tokens]`.
 * Padding on the right needs no mask: no real token comes after it.
 */
export function causalBias(builder: GraphBuilder, tokens: Dimension, prefixLength: number): Value {
  const keys = addDimensions(tokens, prefixLength);
  const row = reshape(cast(iota(builder, tokens), "float32"), [1, 1, tokens, 1]);
  const column = sub(reshape(cast(iota(builder, keys), "float32"), [1, 1, 1, keys]), prefixLength);
  return where(lessOrEqual(column, row), 0, MASKED);
}
