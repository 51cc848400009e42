import { multiplyDimensions, type Dimension } from "../../engine/graph/dimension.ts";
import { gather, reshape, transpose } from "../../engine/graph/operators.ts";
import type { Value } from "../../engine/graph/value.ts";

/** `[B, T, heads * width] -> [B, heads, T, width]` */
export function splitHeads(x: Value, heads: number, width: number): Value {
  const [batch, tokens] = x.shape as [Dimension, Dimension];
  return transpose(reshape(x, [batch, tokens, heads, width]), [0, 2, 1, 3]);
}

/** `[B, heads, T, width] -> [B, T, heads * width]` */
export function mergeHeads(x: Value): Value {
  const [batch, heads, tokens, width] = x.shape as [Dimension, Dimension, Dimension, Dimension];
  return reshape(transpose(x, [0, 2, 1, 3]), [batch, tokens, multiplyDimensions(heads, width)]);
}

/** `[B, T, width]` at `rows [B, R]` int32 of the B * T tokens: `[B, R, width]`. */
export function pickTokens(x: Value, rows: Value): Value {
  const [batch, tokens, width] = x.shape as [Dimension, Dimension, Dimension];
  return gather(reshape(x, [multiplyDimensions(batch, tokens), width]), rows);
}
