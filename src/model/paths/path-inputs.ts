import type { Value } from "../../engine/graph/value.ts";

/** A batch of embedded tokens on its way through the decoder. */
export interface PathInputs {
  /** [B, T, hidden] float32: tokens and image features, padded on the right. */
  readonly hidden: Value;
  /** [B, T, headWidth / 2] float32. */
  readonly cosines: Value;
  readonly sines: Value;
  /** [B] int32: row of each input's last token among the B * T. */
  readonly lastRows: Value;
  /** [B, T, hidden] float32 each: added to the tokens after the first layers, one a layer; 0 where a token is no image's. */
  readonly deep?: readonly Value[] | undefined;
  /** What topology `shared` needs beside. */
  readonly readouts?: ReadoutInputs | undefined;
}

/** Where the readout tokens stand. */
export interface ReadoutInputs {
  /** [B] int32: number of tokens of each input. */
  readonly lengths: Value;
  /** [B, N * readoutTokens, headWidth / 2] float32. */
  readonly cosines: Value;
  readonly sines: Value;
}
