import { z } from "zod";
import { parseConfig } from "../../../files/parse-config.ts";
import { generationFields } from "../../multimodal/generation-fields.ts";
import { ignored, ignoredFields } from "../../multimodal/ignored-fields.ts";

/** The fields of the whole model. */
export interface RawRoot {
  readonly image_token_index?: number | undefined;
  readonly image_token_id?: number | undefined;
  /** Heights and widths; null for the usual ones. */
  readonly image_grid_pinpoints?: readonly (readonly [height: number, width: number])[] | null | undefined;
  readonly projector_hidden_act: RawActivation;
  readonly multimodal_projector_bias: boolean;
  readonly vision_feature_layer: number;
  readonly tie_word_embeddings?: boolean | undefined;
  readonly pad_token_id?: number | null | undefined;
  readonly text_config: RawText;
  readonly vision_config: RawVision;
}

/** The fields of the decoder. What is not there is the default of its `model_type`. */
export interface RawText {
  readonly model_type: "llama" | "mistral";
  readonly vocab_size?: number | undefined;
  readonly hidden_size?: number | undefined;
  readonly intermediate_size?: number | undefined;
  readonly num_hidden_layers?: number | undefined;
  readonly num_attention_heads?: number | undefined;
  readonly num_key_value_heads?: number | null | undefined;
  readonly head_dim?: number | null | undefined;
  readonly max_position_embeddings?: number | undefined;
  readonly initializer_range: number;
  readonly rms_norm_eps: number;
  readonly rope_theta?: number | undefined;
  readonly rope_parameters?: { readonly rope_theta?: number | undefined } | null | undefined;
  readonly sliding_window?: number | null | undefined;
  readonly tie_word_embeddings?: boolean | undefined;
  readonly bos_token_id?: number | null | undefined;
  readonly eos_token_id?: number | number[] | null | undefined;
  readonly pad_token_id?: number | null | undefined;
}

/** The fields of the vision tower. */
export interface RawVision {
  readonly hidden_size: number;
  readonly intermediate_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly image_size: number;
  readonly patch_size: number;
  readonly hidden_act: RawActivation;
  readonly layer_norm_eps: number;
}

export type RawActivation = "quick_gelu" | "gelu" | "gelu_pytorch_tanh";

const count = z.number().int().positive();
const tokenId = z.number().int().nonnegative();
const activation = z.enum(["quick_gelu", "gelu", "gelu_pytorch_tanh"]);

const ropeFields = z.strictObject({
  type: z.literal("default").optional(),
  rope_type: z.literal("default").optional(),
  rope_theta: z.number().positive().optional(),
});

const textSchema = z.strictObject({
  ...ignoredFields,
  ...generationFields,
  model_type: z.enum(["llama", "mistral"]).default("llama"),
  vocab_size: count.optional(),
  hidden_size: count.optional(),
  intermediate_size: count.optional(),
  num_hidden_layers: count.optional(),
  num_attention_heads: count.optional(),
  num_key_value_heads: count.nullish(),
  head_dim: count.nullish(),
  hidden_act: z.literal("silu").default("silu"),
  max_position_embeddings: count.optional(),
  initializer_range: z.number().nonnegative().default(0.02),
  rms_norm_eps: z.number().positive().default(1e-6),
  rope_theta: z.number().positive().optional(),
  rope_scaling: z.null().optional(),
  rope_parameters: ropeFields.nullish(),
  sliding_window: count.nullish(),
  layer_types: z.array(z.literal("full_attention")).nullish(),
  attention_bias: z.literal(false).optional(),
  mlp_bias: z.literal(false).optional(),
  pretraining_tp: ignored,
  tie_word_embeddings: z.boolean().optional(),
  bos_token_id: tokenId.nullish(),
  eos_token_id: z.union([tokenId, z.array(tokenId).min(1)]).nullish(),
  pad_token_id: tokenId.nullish(),
});

/** With the defaults of CLIP's own configuration, which the reference implementation takes for what is not there. */
const visionSchema = z.strictObject({
  ...ignoredFields,
  ...generationFields,
  model_type: z.literal("clip_vision_model").default("clip_vision_model"),
  hidden_size: count.default(768),
  intermediate_size: count.default(3072),
  num_hidden_layers: count.default(12),
  num_attention_heads: count.default(12),
  num_channels: z.literal(3).default(3),
  image_size: count.default(224),
  patch_size: count.default(32),
  hidden_act: activation.default("quick_gelu"),
  layer_norm_eps: z.number().positive().default(1e-5),
  bos_token_id: ignored,
  eos_token_id: ignored,
  initializer_factor: ignored,
  initializer_range: ignored,
  pad_token_id: ignored,
  projection_dim: ignored,
  tie_word_embeddings: ignored,
  vocab_size: ignored,
});

const rootSchema = z.strictObject({
  ...ignoredFields,
  ...generationFields,
  model_type: z.literal("llava_next"),
  image_token_index: tokenId.optional(),
  image_token_id: tokenId.optional(),
  image_grid_pinpoints: z.array(z.tuple([count, count])).nullish(),
  projector_hidden_act: activation.default("gelu"),
  multimodal_projector_bias: z.boolean().default(true),
  vision_feature_layer: z.number().int().default(-2),
  vision_feature_select_strategy: z.literal("default").default("default"),
  tie_word_embeddings: z.boolean().optional(),
  pad_token_id: tokenId.nullish(),
  text_config: textSchema,
  vision_config: visionSchema,
  bos_token_id: ignored,
  eos_token_id: ignored,
  ignore_index: ignored,
  image_seq_length: ignored,
  initializer_range: ignored,
  use_image_newline_parameter: ignored,
  vocab_size: ignored,
});

/** Checks the fields of a `config.json`, as the published checkpoints and as transformers 4 and 5 write it. @throws {ConfigError} naming the field. */
export function parseRawConfig(value: unknown, { file }: { file: string }): RawRoot {
  return parseConfig(rootSchema, value, { file });
}
