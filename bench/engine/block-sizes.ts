/** Sizes of the decoder block that is timed. */
export interface BlockSizes {
  readonly batch: number;
  readonly tokens: number;
  readonly width: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly hidden: number;
  readonly loraRank: number;
}

/** Batch 16, 128 tokens, width 576, 9 query and 3 key-value heads, SwiGLU 1536: the shape of a small language model's layer. */
export const BLOCK_SIZES: BlockSizes = { batch: 16, tokens: 128, width: 576, heads: 9, keyValueHeads: 3, hidden: 1536, loraRank: 8 };

/** Of both RMS norms. */
export const EPSILON = 1e-5;

/** Shapes by part: what a block is made of. Matrices are `[in, out]`. */
export type PartShapes = Readonly<Record<string, readonly number[]>>;

/** Base weights of one block. */
export function blockWeights({ width, heads, keyValueHeads, hidden }: BlockSizes): PartShapes {
  const keyValueWidth = (width / heads) * keyValueHeads;
  return {
    attentionNorm: [width],
    query: [width, width],
    key: [width, keyValueWidth],
    value: [width, keyValueWidth],
    output: [width, width],
    feedForwardNorm: [width],
    gate: [width, hidden],
    up: [width, hidden],
    down: [hidden, width],
  };
}

/** LoRA matrices on the query and value projections; their product is added unscaled. */
export function loraWeights({ width, heads, keyValueHeads, loraRank }: BlockSizes): PartShapes {
  return {
    queryLoraA: [width, loraRank],
    queryLoraB: [loraRank, width],
    valueLoraA: [width, loraRank],
    valueLoraB: [loraRank, (width / heads) * keyValueHeads],
  };
}

/** Name of a layer's weight, in graphs and in files. */
export function weightName(layer: number, part: string): string {
  return `layers.${layer}.${part}`;
}
