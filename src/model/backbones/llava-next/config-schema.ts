import { z } from "zod";
import { parseConfig } from "../../../files/parse-config.ts";
import { clipTowerFields, type RawClipTower } from "../../multimodal/config/clip-tower-fields.ts";
import { activation, count, tokenId } from "../../multimodal/config/fields.ts";
import { generationFields } from "../../multimodal/config/generation-fields.ts";
import { allIgnored, ignoredFields } from "../../multimodal/config/ignored-fields.ts";
import { llamaFields, type RawLlama } from "../../multimodal/config/llama-decoder.ts";
import type { VisionActivation } from "../../nn/vision-activation.ts";

/** The fields of the whole model. */
export interface RawRoot {
  readonly image_token_index?: number | undefined;
  readonly image_token_id?: number | undefined;
  /** Heights and widths; null for the usual ones. */
  readonly image_grid_pinpoints?: readonly (readonly [height: number, width: number])[] | null | undefined;
  readonly projector_hidden_act: VisionActivation;
  readonly multimodal_projector_bias: boolean;
  readonly vision_feature_layer: number;
  readonly tie_word_embeddings?: boolean | undefined;
  readonly pad_token_id?: number | null | undefined;
  readonly text_config: RawText;
  readonly vision_config: RawClipTower;
}

/** The fields of the decoder. */
export interface RawText extends RawLlama {
  readonly model_type: "llama" | "mistral";
  readonly sliding_window: number | null;
}

/** What the reference implementation takes for what the configuration of a Mistral does not say, where Llama's defaults are others. */
const mistralFields = {
  intermediate_size: count.default(14_336),
  num_key_value_heads: count.nullable().default(8),
  max_position_embeddings: count.default(131_072),
  sliding_window: count.nullable().default(4096),
} as const;

const textFields = {
  ...ignoredFields,
  ...generationFields,
  model_type: z.enum(["llama", "mistral"]).default("llama"),
  ...llamaFields,
  rope_scaling: z.null().optional(),
  sliding_window: count.nullable().default(null),
  layer_types: z.array(z.literal("full_attention")).nullish(),
} as const;

const textSchemas = { llama: z.strictObject(textFields), mistral: z.strictObject({ ...textFields, ...mistralFields }) } as const;

const visionSchema = z.strictObject({
  ...ignoredFields,
  ...generationFields,
  model_type: z.literal("clip_vision_model").default("clip_vision_model"),
  ...clipTowerFields,
  ...allIgnored([
    "bos_token_id",
    "eos_token_id",
    "initializer_factor",
    "initializer_range",
    "pad_token_id",
    "projection_dim",
    "tie_word_embeddings",
    "vocab_size",
  ]),
});

const rootFields = {
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
  text_config: textSchemas.llama,
  vision_config: visionSchema,
  ...allIgnored([
    "bos_token_id",
    "eos_token_id",
    "ignore_index",
    "image_seq_length",
    "initializer_range",
    "use_image_newline_parameter",
    "vocab_size",
  ]),
} as const;

const rootSchemas = {
  llama: z.strictObject(rootFields),
  mistral: z.strictObject({ ...rootFields, text_config: textSchemas.mistral }),
} as const;

/** A configuration that says of its decoder that it is a Mistral. */
const ofMistral = z.looseObject({ text_config: z.looseObject({ model_type: z.literal("mistral") }) });

/** Checks the fields of a `config.json`, as the published checkpoints and as transformers 4 and 5 write it. @throws {ConfigError} naming the field. */
export function parseRawConfig(value: unknown, { file }: { file: string }): RawRoot {
  return parseConfig(rootSchemas[ofMistral.safeParse(value).success ? "mistral" : "llama"], value, { file });
}
