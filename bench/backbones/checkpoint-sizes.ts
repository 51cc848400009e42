/** A published model whose sizes are timed with random weights. */
export interface CheckpointSize {
  readonly name: string;
  /** Fields of `config.json` beside the token ids, which follow from the tokenizer. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly preprocessor: Readonly<Record<string, unknown>>;
}

const QWEN_VISION = {
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

const QWEN_TEXT = {
  model_type: "qwen2_vl",
  hidden_act: "silu",
  num_hidden_layers: 28,
  rms_norm_eps: 1e-6,
  rope_theta: 1_000_000,
  rope_scaling: { type: "mrope", mrope_section: [16, 24, 24] },
  max_position_embeddings: 32_768,
} as const;

const QWEN_PREPROCESSOR = { patch_size: 14, temporal_patch_size: 2, merge_size: 2, min_pixels: 3136, max_pixels: 12_845_056 };

/** @source the `config.json` of the published checkpoints, here and below. */
export const QWEN2_VL_2B: CheckpointSize = {
  name: "Qwen2-VL-2B",
  config: {
    ...QWEN_TEXT,
    vocab_size: 151_936,
    hidden_size: 1536,
    intermediate_size: 8960,
    num_attention_heads: 12,
    num_key_value_heads: 2,
    tie_word_embeddings: true,
    vision_config: { ...QWEN_VISION, hidden_size: 1536 },
  },
  preprocessor: QWEN_PREPROCESSOR,
};

export const QWEN2_VL_7B: CheckpointSize = {
  name: "Qwen2-VL-7B",
  config: {
    ...QWEN_TEXT,
    vocab_size: 152_064,
    hidden_size: 3584,
    intermediate_size: 18_944,
    num_attention_heads: 28,
    num_key_value_heads: 4,
    tie_word_embeddings: false,
    vision_config: { ...QWEN_VISION, hidden_size: 3584 },
  },
  preprocessor: QWEN_PREPROCESSOR,
};

/** The same architecture, small: for trying the suite out. */
export const QWEN2_VL_TINY: CheckpointSize = {
  name: "Qwen2-VL, tiny",
  config: {
    ...QWEN_TEXT,
    num_hidden_layers: 2,
    vocab_size: 2048,
    hidden_size: 256,
    intermediate_size: 512,
    num_attention_heads: 2,
    num_key_value_heads: 1,
    tie_word_embeddings: true,
    vision_config: { ...QWEN_VISION, depth: 2, embed_dim: 128, num_heads: 2, hidden_size: 256 },
  },
  preprocessor: QWEN_PREPROCESSOR,
};

/** Only the base image is looked at: 576 tokens, in low resolution. */
const LLAVA_PREPROCESSOR = { size: { shortest_edge: 336 }, crop_size: 336, image_grid_pinpoints: [] };

const LLAVA_TEXT = {
  model_type: "mistral",
  max_position_embeddings: 32_768,
  sliding_window: null,
  rope_theta: 1_000_000,
  rms_norm_eps: 1e-5,
};

const LLAVA_VISION = { model_type: "clip_vision_model", image_size: 336, patch_size: 14, hidden_act: "quick_gelu" };

/** With Mistral-7B for a decoder. */
export const LLAVA_NEXT_7B: CheckpointSize = {
  name: "LLaVA-1.6-7B (Mistral), low resolution",
  config: {
    model_type: "llava_next",
    tie_word_embeddings: false,
    text_config: {
      ...LLAVA_TEXT,
      vocab_size: 32_064,
      hidden_size: 4096,
      intermediate_size: 14_336,
      num_hidden_layers: 32,
      num_attention_heads: 32,
      num_key_value_heads: 8,
    },
    vision_config: { ...LLAVA_VISION, hidden_size: 1024, intermediate_size: 4096, num_hidden_layers: 24, num_attention_heads: 16 },
  },
  preprocessor: LLAVA_PREPROCESSOR,
};

export const LLAVA_NEXT_TINY: CheckpointSize = {
  name: "LLaVA-1.6, tiny",
  config: {
    model_type: "llava_next",
    tie_word_embeddings: false,
    text_config: {
      ...LLAVA_TEXT,
      vocab_size: 2048,
      hidden_size: 128,
      intermediate_size: 256,
      num_hidden_layers: 2,
      num_attention_heads: 4,
      num_key_value_heads: 2,
    },
    vision_config: { ...LLAVA_VISION, hidden_size: 64, intermediate_size: 128, num_hidden_layers: 3, num_attention_heads: 2 },
  },
  preprocessor: LLAVA_PREPROCESSOR,
};
