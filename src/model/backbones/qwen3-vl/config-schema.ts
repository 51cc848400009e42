import { z } from "zod";
import { parseConfig } from "../../../files/parse-config.ts";
import { activation, count, tokenId } from "../../multimodal/config/fields.ts";
import { ignoredFields } from "../../multimodal/config/ignored-fields.ts";
import { tokenIdFields, type RawTokenIds } from "../../multimodal/config/token-ids.ts";
import { patchDecoderFields, sectionedRopeFields, type RawPatchDecoder } from "../../multimodal/patches/patch-decoder-fields.ts";
import { patchTokenFields, type RawPatchTokens } from "../../multimodal/patches/patch-model-config.ts";
import { patchTowerFields, towerRope, type RawPatchTower } from "../../multimodal/patches/patch-tower-config.ts";

/** The fields of the whole model. */
export interface RawConfig extends RawPatchTokens, RawTokenIds {
  readonly tie_word_embeddings?: boolean | undefined;
  readonly text_config: RawPatchDecoder;
  readonly vision_config: RawVision;
}

/** The fields of the vision transformer. */
export interface RawVision extends RawPatchTower {
  readonly hidden_size: number;
  readonly intermediate_size: number;
  readonly out_hidden_size: number;
  readonly num_position_embeddings: number;
  readonly deepstack_visual_indexes: readonly number[];
}

const rope = z
  .strictObject({ ...sectionedRopeFields, mrope_interleaved: z.literal(true).optional() }) // the reference implementation interleaves always
  .nullish();

const textSchema = z.strictObject({
  ...ignoredFields,
  ...tokenIdFields,
  model_type: z.literal("qwen3_vl_text").optional(),
  ...patchDecoderFields,
  head_dim: count.default(128),
  max_position_embeddings: count.default(128_000),
  rope_scaling: rope,
  rope_parameters: rope,
  attention_bias: z.literal(false).default(false),
});

const visionSchema = z.strictObject({
  ...ignoredFields,
  model_type: z.enum(["qwen3_vl", "qwen3_vl_vision"]).optional(),
  ...patchTowerFields,
  hidden_size: count,
  intermediate_size: count,
  out_hidden_size: count,
  hidden_act: activation.default("gelu_pytorch_tanh"),
  patch_size: count.default(16),
  num_position_embeddings: count.default(2304),
  deepstack_visual_indexes: z.array(tokenId).default([8, 16, 24]),
  rope_parameters: towerRope.nullish(),
});

const schema = z.strictObject({
  ...ignoredFields,
  ...tokenIdFields,
  model_type: z.literal("qwen3_vl"),
  ...patchTokenFields,
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
