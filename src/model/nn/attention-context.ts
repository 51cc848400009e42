import type { Value } from "../../engine/graph/value.ts";

/** Extra keys and values that every token of a stream may attend to: [B, keyValueHeads, P, headWidth] each, without rotary. */
export interface AttentionPrefix {
  readonly keys: Value;
  readonly values: Value;
}

/** What a decoder layer needs beside its hidden states. */
export interface DecoderContext {
  /** [B, T, headWidth / 2] float32, rotary angles of the tokens. */
  readonly cosines: Value;
  readonly sines: Value;
  /** Added to the scores; broadcasts to [B, heads, T, P + T]. */
  readonly bias: Value;
  readonly prefix?: AttentionPrefix | undefined;
}

/** A causal decoder as the paths see it: sizes and layers, whatever the backbone. */
export interface Decoder {
  readonly layerCount: number;
  readonly hiddenSize: number;
  readonly keyValueHeadCount: number;
  /** Width of one head. */
  readonly headDimension: number;
  /** `[B, T, hidden] -> [B, T, hidden]` */
  layer(index: number, hidden: Value, context: DecoderContext): Value;
  /** The norm after the last layer: `[.., hidden] -> [.., hidden]`. */
  norm(hidden: Value): Value;
}
