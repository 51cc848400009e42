/** Sizes of a causal decoder in the manner of Llama, Mistral and Qwen. */
export interface DecoderSizes {
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layerCount: number;
  readonly headCount: number;
  readonly keyValueHeadCount: number;
  /** Width of one head; heads together may be wider or narrower than `hiddenSize`. */
  readonly headDimension: number;
  readonly rmsNormEpsilon: number;
  /** Whether the output layer is the table of token embeddings. */
  readonly tieWordEmbeddings: boolean;
}

/** A decoder: its sizes, what tells it from others, and the names of its weights. */
export interface DecoderConfig extends DecoderSizes {
  /** Whether the query, key and value projections have biases (Qwen2). */
  readonly attentionBias: boolean;
  /** Whether queries and keys are normalised, head by head, before the rotary embedding (Qwen3). */
  readonly queryKeyNorm: boolean;
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

/** The names of a decoder whose parts lie in one module, and beside it the output layer. @param module `model`. */
export function decoderNames(module: string, head: string): DecoderNames {
  return { tokens: `${module}.embed_tokens`, layers: `${module}.layers`, norm: `${module}.norm`, head };
}

/** The rotary embedding of a decoder whose positions have one axis. */
export function plainRotary(theta: number, headDimension: number): RotaryConfig {
  return { theta, pairAxes: Array.from({ length: Math.floor(headDimension / 2) }, () => 0) };
}

/** Axes that positions have: 1, or 3 with multimodal rotary embedding. */
export function positionAxes({ pairAxes }: RotaryConfig): 1 | 3 {
  return pairAxes.some((axis) => axis > 0) ? 3 : 1;
}
