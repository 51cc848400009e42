import { z } from "zod";
import { parseConfig } from "../../../files/parse-config.ts";
import { ignored, ignoredFields } from "../../multimodal/ignored-fields.ts";
import type { VisionActivation } from "../../nn/rotary-vision-block.ts";

/** The fields of the whole model. */
export interface RawConfig {
  readonly image_token_id: number;
  readonly video_token_id: number;
  readonly vision_start_token_id: number;
  readonly vision_end_token_id: number;
  readonly tie_word_embeddings?: boolean | undefined;
  readonly bos_token_id?: number | null | undefined;
  readonly eos_token_id?: number | number[] | null | undefined;
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
  readonly head_dim: number;
  readonly max_position_embeddings: number;
  readonly initializer_range: number;
  readonly rms_norm_eps: number;
  readonly rope_theta?: number | undefined;
  readonly rope_scaling?: RawRope | null | undefined;
  readonly rope_parameters?: RawRope | null | undefined;
  readonly tie_word_embeddings?: boolean | undefined;
  readonly bos_token_id?: number | null | undefined;
  readonly eos_token_id?: number | number[] | null | undefined;
  readonly pad_token_id?: number | null | undefined;
}

/** Multimodal rotary embedding: `rope_scaling` of transformers 4, `rope_parameters` of 5. */
export interface RawRope {
  readonly rope_theta?: number | undefined;
  readonly mrope_section?: readonly [number, number, number] | undefined;
}

/** The fields of the vision transformer. */
export interface RawVision {
  readonly depth: number;
  readonly hidden_size: number;
  readonly intermediate_size: number;
  readonly num_heads: number;
  readonly out_hidden_size: number;
  readonly hidden_act: VisionActivation;
  readonly in_channels: number;
  readonly patch_size: number;
  readonly spatial_merge_size: number;
  readonly temporal_patch_size: number;
  readonly num_position_embeddings: number;
  readonly deepstack_visual_indexes: readonly number[];
}

const count = z.number().int().positive();
const tokenId = z.number().int().nonnegative();

const tokenFields = {
  bos_token_id: tokenId.nullish(),
  eos_token_id: z.union([tokenId, z.array(tokenId).min(1)]).nullish(),
  pad_token_id: tokenId.nullish(),
} as const;

const ropeSchema = z.strictObject({
  type: z.literal("default").optional(),
  rope_type: z.literal("default").optional(),
  rope_theta: z.number().positive().optional(),
  mrope_section: z.tuple([count, count, count]).optional(),
  mrope_interleaved: z.literal(true).optional(), // the reference implementation interleaves whatever stands here
});

const textSchema = z.strictObject({
  ...ignoredFields,
  ...tokenFields,
  model_type: z.literal("qwen3_vl_text").optional(),
  vocab_size: count,
  hidden_size: count,
  intermediate_size: count,
  num_hidden_layers: count,
  num_attention_heads: count,
  num_key_value_heads: count.nullish(),
  head_dim: count.default(128),
  hidden_act: z.literal("silu").default("silu"),
  max_position_embeddings: count.default(128_000),
  initializer_range: z.number().nonnegative().default(0.02),
  rms_norm_eps: z.number().positive().default(1e-6),
  rope_theta: z.number().positive().optional(),
  rope_scaling: ropeSchema.nullish(),
  rope_parameters: ropeSchema.nullish(),
  attention_bias: z.literal(false).default(false),
  use_sliding_window: z.literal(false).nullish(),
  layer_types: z.array(z.literal("full_attention")).nullish(),
  tie_word_embeddings: z.boolean().optional(),
});

const visionSchema = z.strictObject({
  ...ignoredFields,
  model_type: z.enum(["qwen3_vl", "qwen3_vl_vision"]).optional(),
  depth: count,
  hidden_size: count,
  intermediate_size: count,
  num_heads: count,
  out_hidden_size: count,
  hidden_act: z.enum(["quick_gelu", "gelu", "gelu_pytorch_tanh"]).default("gelu_pytorch_tanh"),
  in_channels: count.default(3),
  patch_size: count.default(16),
  spatial_merge_size: count.default(2),
  temporal_patch_size: count.default(2),
  num_position_embeddings: count.default(2304),
  deepstack_visual_indexes: z.array(tokenId).default([8, 16, 24]),
  initializer_range: ignored,
  rope_parameters: z.strictObject({ rope_type: z.enum(["axial", "default"]), rope_theta: z.literal(10_000) }).nullish(),
});

const schema = z.strictObject({
  ...ignoredFields,
  ...tokenFields,
  model_type: z.literal("qwen3_vl"),
  image_token_id: tokenId.default(151_655),
  video_token_id: tokenId.default(151_656),
  vision_start_token_id: tokenId.default(151_652),
  vision_end_token_id: tokenId.default(151_653),
  tie_word_embeddings: z.boolean().optional(),
  text_config: textSchema,
  vision_config: visionSchema,
});

/**
 * Checks the fields of a `config.json`, as transformers 4 and the published checkpoints have it (`rope_theta` and `rope_scaling`) or as
 * transformers 5 writes it (`rope_parameters`). @throws {ConfigError} naming the field.
 */
export function parseRawConfig(value: unknown, { file }: { file: string }): RawConfig {
  return parseConfig(schema, value, { file });
}
