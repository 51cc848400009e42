/** A causal decoder in the manner of Llama, Mistral and Qwen: sizes, what tells them apart, and the names of its weights. */
export interface DecoderConfig {
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layerCount: number;
  readonly headCount: number;
  readonly keyValueHeadCount: number;
  /** Width of one head. */
  readonly headDimension: number;
  readonly rmsNormEpsilon: number;
  /** Whether the query, key and value projections have biases (Qwen2). */
  readonly attentionBias: boolean;
  /** Whether queries and keys are normalised, head by head, before the rotary embedding (Qwen3). */
  readonly queryKeyNorm: boolean;
  /** Whether the output layer is the table of token embeddings. */
  readonly tieWordEmbeddings: boolean;
  readonly rotary: RotaryConfig;
  readonly names: DecoderNames;
}

/** The rotary embedding of a decoder. */
export interface RotaryConfig {
  readonly theta: number;
  /** For each of the `headDimension / 2` pairs, the axis of the position that turns it: 0, or with images temporal 0, height 1, width 2. */
  readonly pairAxes: readonly number[];
}

/** Where a checkpoint keeps the parts of its decoder. */
export interface DecoderNames {
  /** `model.embed_tokens` */
  readonly tokens: string;
  /** `model.layers` */
  readonly layers: string;
  /** `model.norm` */
  readonly norm: string;
  /** `lm_head` */
  readonly head: string;
}

/** Axes that positions have: 1, or 3 with multimodal rotary embedding. */
export function positionAxes({ pairAxes }: RotaryConfig): 1 | 3 {
  return pairAxes.some((axis) => axis > 0) ? 3 : 1;
}
