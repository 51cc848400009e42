import { z } from "zod";
import { parseConfig } from "../../../files/parse-config.ts";
import { generationFields } from "../../multimodal/generation-fields.ts";
import { ignored, ignoredFields } from "../../multimodal/ignored-fields.ts";

/** The fields of the whole model. */
export interface RawRoot {
  readonly model_type: "idefics3" | "smolvlm";
  readonly image_token_id: number;
  readonly scale_factor: number;
  readonly tie_word_embeddings: boolean;
  readonly pad_token_id?: number | null | undefined;
  readonly text_config: RawText;
  readonly vision_config: RawVision;
}

/** The fields of the decoder. */
export interface RawText {
  readonly vocab_size: number;
  readonly hidden_size: number;
  readonly intermediate_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly num_key_value_heads?: number | null | undefined;
  readonly head_dim?: number | null | undefined;
  readonly max_position_embeddings: number;
  readonly initializer_range: number;
  readonly rms_norm_eps: number;
  readonly rope_theta?: number | null | undefined;
  readonly rope_scaling?: RawRope | null | undefined;
  readonly rope_parameters?: RawRope | null | undefined;
  readonly tie_word_embeddings: boolean;
  readonly bos_token_id?: number | null | undefined;
  readonly eos_token_id?: number | number[] | null | undefined;
  readonly pad_token_id?: number | null | undefined;
}

/** The rotary embedding: `rope_scaling` of transformers 4, `rope_parameters` of 5. */
export interface RawRope {
  readonly rope_theta?: number | undefined;
}

/** The fields of the vision tower. */
export interface RawVision {
  readonly hidden_size: number;
  readonly intermediate_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly num_channels: number;
  readonly image_size: number;
  readonly patch_size: number;
  readonly hidden_act: "quick_gelu" | "gelu" | "gelu_pytorch_tanh";
  readonly layer_norm_eps: number;
}

const count = z.number().int().positive();
const tokenId = z.number().int().nonnegative();

const ropeSchema = z.strictObject({
  type: z.literal("default").optional(),
  rope_type: z.literal("default").optional(),
  rope_theta: z.number().positive().optional(),
});

/** With the defaults of Llama's own configuration, which the reference implementation takes for what is not there. */
const textSchema = z.strictObject({
  ...ignoredFields,
  ...generationFields,
  model_type: z.literal("llama").default("llama"),
  vocab_size: count.default(32_000),
  hidden_size: count.default(4096),
  intermediate_size: count.default(11_008),
  num_hidden_layers: count.default(32),
  num_attention_heads: count.default(32),
  num_key_value_heads: count.nullish(),
  head_dim: count.nullish(),
  hidden_act: z.literal("silu").default("silu"),
  max_position_embeddings: count.default(2048),
  initializer_range: z.number().nonnegative().default(0.02),
  rms_norm_eps: z.number().positive().default(1e-6),
  rope_theta: z.number().positive().nullish(),
  rope_scaling: ropeSchema.nullish(),
  rope_parameters: ropeSchema.nullish(),
  attention_bias: z.literal(false).default(false),
  mlp_bias: z.literal(false).default(false),
  tie_word_embeddings: z.boolean().default(false),
  bos_token_id: tokenId.nullish(),
  eos_token_id: z.union([tokenId, z.array(tokenId).min(1)]).nullish(),
  pad_token_id: tokenId.nullish(),
  qk_layer_norms: z.literal(false).optional(), // the rest is of the published checkpoints; the reference implementation does not read it
  rope_interleaved: z.literal(false).optional(),
  use_resampler: z.literal(false).optional(),
  _flash_attn_2_enabled: ignored,
  is_llama_config: ignored,
  neftune_noise_alpha: ignored,
  perceiver_config: ignored,
  pixel_shuffle_factor: ignored,
  pretraining_tp: ignored,
});

/** With the defaults of the reference implementation. */
const visionSchema = z.strictObject({
  ...ignoredFields,
  ...generationFields,
  model_type: z.enum(["idefics3", "idefics3_vision", "smolvlm", "smolvlm_vision"]).optional(),
  hidden_size: count.default(1152),
  intermediate_size: count.default(3072),
  num_hidden_layers: count.default(12),
  num_attention_heads: count.default(16),
  num_channels: z.literal(3).default(3),
  image_size: count.default(224),
  patch_size: count.default(32),
  hidden_act: z.enum(["quick_gelu", "gelu", "gelu_pytorch_tanh"]).default("gelu_pytorch_tanh"),
  layer_norm_eps: z.number().positive().default(1e-6),
  bos_token_id: ignored,
  eos_token_id: ignored,
  pad_token_id: ignored,
  tie_word_embeddings: ignored,
  initializer_range: ignored,
  max_image_size: ignored, // of the published checkpoints; sizes of tiles are the image processor's
  size: ignored,
  use_base_siglip: ignored,
});

const rootSchema = z.strictObject({
  ...ignoredFields,
  ...generationFields,
  model_type: z.enum(["idefics3", "smolvlm"]),
  image_token_id: tokenId.default(128_257),
  scale_factor: count.default(2),
  tie_word_embeddings: z.boolean().default(false),
  pad_token_id: tokenId.nullish(),
  text_config: textSchema,
  vision_config: visionSchema,
  _pad_token_id: ignored,
  bos_token_id: ignored,
  eos_token_id: ignored,
  image_seq_len: ignored,
  initializer_range: ignored,
  use_reentrant_checkpointing: ignored,
  vocab_size: ignored,
});

/** Checks the fields of a `config.json`, as the published checkpoints and as transformers 4 and 5 write it. @throws {ConfigError} naming the field. */
export function parseRawConfig(value: unknown, { file }: { readonly file: string }): RawRoot {
  return parseConfig(rootSchema, value, { file });
}
