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

/** The tokens whose output is wanted of a layer, R of each stream. Keys and values are those of all tokens all the same. */
export interface SelectedTokens {
  /** [B, R] int32: their rows among the B * T tokens. */
  readonly rows: Value;
  /** Added to their scores; broadcasts to [B, heads, R, P + T]. */
  readonly bias: Value;
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
  /** The last layer where only some of its tokens are wanted, which spares the work on the others: `[B, T, hidden] -> [B, R, hidden]`. */
  lastLayer(hidden: Value, context: Omit<DecoderContext, "bias">, selected: SelectedTokens): Value;
  /** The norm after the last layer: `[.., hidden] -> [.., hidden]`. */
  norm(hidden: Value): Value;
}
