import { z } from "zod";
import { parseConfig } from "../../../files/parse-config.ts";
import { ignored, ignoredFields } from "../../multimodal/ignored-fields.ts";

/** The fields of the whole model. */
export interface RawRoot {
  readonly image_token_id: number;
  readonly video_token_id: number;
  readonly vision_start_token_id: number;
  readonly vision_end_token_id: number;
  readonly tie_word_embeddings?: boolean | undefined;
  readonly eos_token_id?: number | number[] | null | undefined;
  readonly pad_token_id?: number | null | undefined;
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
  readonly max_position_embeddings: number;
  readonly initializer_range: number;
  readonly rms_norm_eps: number;
  readonly rope_theta?: number | undefined;
  readonly rope_scaling?: RawRope | null | undefined;
  readonly rope_parameters?: RawRope | null | undefined;
  readonly tie_word_embeddings?: boolean | undefined;
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
  readonly embed_dim: number;
  readonly num_heads: number;
  readonly hidden_size: number;
  readonly hidden_act: "quick_gelu" | "gelu" | "gelu_pytorch_tanh";
  readonly mlp_ratio: number;
  readonly in_channels: number;
  readonly patch_size: number;
  readonly spatial_merge_size: number;
  readonly temporal_patch_size: number;
}

const count = z.number().int().positive();
const tokenId = z.number().int().nonnegative();

const ropeSchema = z.strictObject({
  type: z.enum(["mrope", "default"]).optional(),
  rope_type: z.enum(["mrope", "default"]).optional(),
  rope_theta: z.number().positive().optional(),
  mrope_section: z.tuple([count, count, count]).optional(),
});

const textFields = {
  ...ignoredFields,
  vocab_size: count,
  hidden_size: count,
  intermediate_size: count,
  num_hidden_layers: count,
  num_attention_heads: count,
  num_key_value_heads: count.nullish(),
  hidden_act: z.literal("silu").default("silu"),
  max_position_embeddings: count.default(32_768),
  initializer_range: z.number().nonnegative().default(0.02),
  rms_norm_eps: z.number().positive().default(1e-5),
  rope_theta: z.number().positive().optional(),
  rope_scaling: ropeSchema.nullish(),
  rope_parameters: ropeSchema.nullish(),
  use_sliding_window: z.literal(false).nullish(),
  layer_types: z.array(z.literal("full_attention")).nullish(),
  tie_word_embeddings: z.boolean().optional(),
  eos_token_id: z.union([tokenId, z.array(tokenId).min(1)]).nullish(),
  pad_token_id: tokenId.nullish(),
} as const;

const visionSchema = z.strictObject({
  ...ignoredFields,
  model_type: z.enum(["qwen2_vl", "qwen2_vl_vision"]).optional(),
  depth: count,
  embed_dim: count,
  num_heads: count,
  hidden_size: count,
  hidden_act: z.enum(["quick_gelu", "gelu", "gelu_pytorch_tanh"]).default("quick_gelu"),
  mlp_ratio: z.number().positive().default(4),
  in_channels: count.default(3),
  patch_size: count.default(14),
  spatial_merge_size: count.default(2),
  temporal_patch_size: count.default(2),
  initializer_range: ignored,
  in_chans: ignored, // of the published checkpoints; the reference implementation reads in_channels only
  spatial_patch_size: ignored,
  rope_parameters: z.strictObject({ rope_type: z.enum(["axial", "default"]), rope_theta: z.literal(10_000) }).optional(),
});

const rootFields = {
  ...ignoredFields,
  model_type: z.literal("qwen2_vl"),
  image_token_id: tokenId.default(151_655),
  video_token_id: tokenId.default(151_656),
  vision_start_token_id: tokenId.default(151_652),
  vision_end_token_id: tokenId.default(151_653),
  tie_word_embeddings: z.boolean().optional(),
  eos_token_id: textFields.eos_token_id,
  pad_token_id: textFields.pad_token_id,
  vision_config: visionSchema,
} as const;

/** What transformers 4 repeats at the root when there is a `text_config`, which is the one that counts. */
const repeatedFields = Object.fromEntries(
  Object.keys(textFields)
    .filter((name) => !(name in rootFields))
    .map((name) => [name, ignored]),
);

const textSchema = z.strictObject({
  ...textFields,
  model_type: z.enum(["qwen2_vl_text", "qwen2_vl"]).optional(),
  image_token_id: ignored,
  video_token_id: ignored,
  vision_start_token_id: ignored,
  vision_end_token_id: ignored,
});

const flatSchema = z.strictObject({ ...textFields, ...rootFields, text_config: z.null().optional() });
const nestedSchema = z.strictObject({ ...repeatedFields, ...rootFields, text_config: textSchema });

/**
 * Checks the fields of a `config.json`, flat as transformers 4 and the published checkpoints have it, or with a `text_config` as
 * transformers 5 writes it. @throws {ConfigError} naming the field.
 */
export function parseRawConfig(value: unknown, { file }: { file: string }): { readonly root: RawRoot; readonly text: RawText } {
  const isNested = typeof value === "object" && value !== null && "text_config" in value && value.text_config !== null;
  if (isNested) {
    const root = parseConfig(nestedSchema, value, { file });
    return { root, text: root.text_config };
  }
  const flat = parseConfig(flatSchema, value, { file });
  return { root: flat, text: flat };
}
