import { addDimensions, type Dimension } from "../../engine/graph/dimension.ts";
import { cast, iota, lessOrEqual, reshape, sub, where } from "../../engine/graph/operators.ts";
import type { Value } from "../../engine/graph/value.ts";

/** Added to scores that must not count: large enough to vanish in the softmax, small enough to stay finite in float32. */
export const MASKED = -1e9;

/** Sizes of the keys that a {@link causalBias} is for. */
export interface CausalKeys {
  /** T: tokens of a stream, the keys behind the prefix. */
  readonly tokens: Dimension;
  /** P: keys that every token sees. */
  readonly prefixLength: number;
}

/**
 * Scores' bias that lets token t see all of the prefix and the tokens 0..t: `[1, 1, tokens, prefix + tokens]`.
 * Padding on the right needs no mask: no real token comes after it.
 */
export function causalBias(builder: Value["builder"], keys: CausalKeys): Value {
  return causalBiasOf(reshape(iota(builder, keys.tokens), [1, keys.tokens]), keys);
}

/** Rows of {@link causalBias} for tokens at `places [B, R]` int32 of their streams: `[B, 1, R, prefix + tokens]`. */
export function causalBiasOf(places: Value, { tokens, prefixLength }: CausalKeys): Value {
  const [batch, count] = places.shape as [Dimension, Dimension];
  const keys = addDimensions(tokens, prefixLength);
  const row = reshape(cast(places, "float32"), [batch, 1, count, 1]);
  const column = sub(reshape(cast(iota(places.builder, keys), "float32"), [1, 1, 1, keys]), prefixLength);
  return where(lessOrEqual(column, row), 0, MASKED);
}
