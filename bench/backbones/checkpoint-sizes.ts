/** A published model whose sizes are timed with random weights. */
export interface CheckpointSize {
  readonly name: string;
  /** Fields of `config.json` beside the token ids, which follow from the tokenizer. */
  readonly config: Readonly<Record<string, unknown>>;
}

const VISION = {
  model_type: "qwen2_vl",
  depth: 32,
  embed_dim: 1280,
  num_heads: 16,
  mlp_ratio: 4,
  patch_size: 14,
  spatial_merge_size: 2,
  temporal_patch_size: 2,
  in_channels: 3,
  hidden_act: "quick_gelu",
} as const;

const TEXT = {
  model_type: "qwen2_vl",
  hidden_act: "silu",
  num_hidden_layers: 28,
  rms_norm_eps: 1e-6,
  rope_theta: 1_000_000,
  rope_scaling: { type: "mrope", mrope_section: [16, 24, 24] },
  max_position_embeddings: 32_768,
} as const;

/** @source the `config.json` of the published checkpoints. */
export const QWEN2_VL_2B: CheckpointSize = {
  name: "Qwen2-VL-2B",
  config: {
    ...TEXT,
    vocab_size: 151_936,
    hidden_size: 1536,
    intermediate_size: 8960,
    num_attention_heads: 12,
    num_key_value_heads: 2,
    tie_word_embeddings: true,
    vision_config: { ...VISION, hidden_size: 1536 },
  },
};

export const QWEN2_VL_7B: CheckpointSize = {
  name: "Qwen2-VL-7B",
  config: {
    ...TEXT,
    vocab_size: 152_064,
    hidden_size: 3584,
    intermediate_size: 18_944,
    num_attention_heads: 28,
    num_key_value_heads: 4,
    tie_word_embeddings: false,
    vision_config: { ...VISION, hidden_size: 3584 },
  },
};

/** The same architecture, small: for trying the suite out. */
export const QWEN2_VL_TINY: CheckpointSize = {
  name: "Qwen2-VL, tiny",
  config: {
    ...TEXT,
    num_hidden_layers: 2,
    vocab_size: 2048,
    hidden_size: 256,
    intermediate_size: 512,
    num_attention_heads: 2,
    num_key_value_heads: 1,
    tie_word_embeddings: true,
    vision_config: { ...VISION, depth: 2, embed_dim: 128, num_heads: 2, hidden_size: 256 },
  },
};
