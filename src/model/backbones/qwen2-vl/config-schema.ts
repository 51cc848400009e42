import { z } from "zod";
import { parseConfig } from "../../../files/parse-config.ts";
import { count, positive } from "../../multimodal/config/fields.ts";
import { allIgnored, ignoredFields } from "../../multimodal/config/ignored-fields.ts";
import { tokenIdFields, type RawTokenIds } from "../../multimodal/config/token-ids.ts";
import { patchDecoderFields, sectionedRopeFields, type RawPatchDecoder } from "../../multimodal/patches/patch-decoder-fields.ts";
import { patchTokenFields, type RawPatchTokens } from "../../multimodal/patches/patch-model-config.ts";
import { patchTowerFields, towerRope, type RawPatchTower } from "../../multimodal/patches/patch-tower-config.ts";

/** The fields of the whole model. */
export interface RawRoot extends RawPatchTokens, Pick<RawTokenIds, "eos_token_id" | "pad_token_id"> {
  readonly tie_word_embeddings?: boolean | undefined;
  readonly vision_config: RawVision;
}

/** The fields of the decoder, whose token of the beginning is not looked at. */
export type RawText = Omit<RawPatchDecoder, "bos_token_id" | "head_dim">;

/** The fields of the vision transformer. */
export interface RawVision extends RawPatchTower {
  readonly embed_dim: number;
  readonly hidden_size: number;
  readonly mlp_ratio: number;
}

const ropeKind = z.enum(["mrope", "default"]).optional();
const rope = z.strictObject({ ...sectionedRopeFields, type: ropeKind, rope_type: ropeKind }).nullish();

const textFields = {
  ...ignoredFields,
  ...patchDecoderFields,
  max_position_embeddings: count.default(32_768),
  rms_norm_eps: positive.default(1e-5),
  rope_scaling: rope,
  rope_parameters: rope,
} as const;

const visionSchema = z.strictObject({
  ...ignoredFields,
  model_type: z.enum(["qwen2_vl", "qwen2_vl_vision"]).optional(),
  ...patchTowerFields,
  embed_dim: count,
  hidden_size: count,
  mlp_ratio: positive.default(4),
  rope_parameters: towerRope.optional(),
  ...allIgnored(["in_chans", "spatial_patch_size"]), // of the published checkpoints; the reference implementation reads in_channels only
});

const rootFields = {
  ...ignoredFields,
  model_type: z.literal("qwen2_vl"),
  ...patchTokenFields,
  tie_word_embeddings: z.boolean().optional(),
  eos_token_id: tokenIdFields.eos_token_id,
  pad_token_id: tokenIdFields.pad_token_id,
  vision_config: visionSchema,
} as const;

/** What transformers 4 repeats at the root when there is a `text_config`, which is the one that counts. */
const repeatedFields = allIgnored(Object.keys(textFields).filter((name) => !(name in rootFields)));

const textSchema = z.strictObject({
  ...textFields,
  model_type: z.enum(["qwen2_vl_text", "qwen2_vl"]).optional(),
  ...allIgnored(["image_token_id", "video_token_id", "vision_start_token_id", "vision_end_token_id"]),
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
