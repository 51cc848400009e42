import type { DecoderSizes } from "../../nn/decoder-config.ts";
import { tokenRules, type ConfigRule } from "../config/config-rules.ts";
import { toDecoderSizes, type DecoderSettings } from "../config/decoder-fields.ts";
import { tokenId, type Fields } from "../config/fields.ts";
import type { RawPatchDecoder, RawSectionedRope } from "./patch-decoder-fields.ts";
import type { PatchTowerConfig } from "./patch-tower-config.ts";

/** What the configurations of models with patches in merge blocks have in common, with the names of this code. */
export interface PatchModelConfig extends DecoderSizes, DecoderSettings {
  /** Rotary pairs turned by the temporal, height and width position; their sum is `headDimension / 2`. */
  readonly ropeSections: readonly [number, number, number];
  readonly imageTokenId: number;
  readonly videoTokenId: number;
  readonly visionStartTokenId: number;
  readonly visionEndTokenId: number;
  readonly padTokenId?: number;
  readonly vision: PatchTowerConfig;
}

/** The tokens that stand for what is seen. */
export interface RawPatchTokens {
  readonly image_token_id: number;
  readonly video_token_id: number;
  readonly vision_start_token_id: number;
  readonly vision_end_token_id: number;
}

/** Their fields, with the ids of Qwen's vocabulary. */
export const patchTokenFields: Fields<RawPatchTokens> = {
  image_token_id: tokenId.default(151_655),
  video_token_id: tokenId.default(151_656),
  vision_start_token_id: tokenId.default(151_652),
  vision_end_token_id: tokenId.default(151_653),
};

/** What a kind of model decides itself. */
export interface PatchModelChoices {
  /** Whether the output layer is the token embeddings. */
  readonly isTied: boolean;
  /** The rotary embedding that counts. */
  readonly rope: RawSectionedRope | null | undefined;
  /** What is not given. */
  readonly usual: Pick<PatchModelConfig, "ropeTheta" | "ropeSections">;
}

/** What the configurations have in common, but for the padding. */
export function toPatchModel(
  root: RawPatchTokens,
  text: RawPatchDecoder,
  { isTied, rope, usual }: PatchModelChoices,
): Omit<PatchModelConfig, "vision" | "padTokenId"> {
  return {
    ...toDecoderSizes(text, isTied),
    ropeTheta: rope?.rope_theta ?? text.rope_theta ?? usual.ropeTheta,
    ropeSections: rope?.mrope_section ?? usual.ropeSections,
    imageTokenId: root.image_token_id,
    videoTokenId: root.video_token_id,
    visionStartTokenId: root.vision_start_token_id,
    visionEndTokenId: root.vision_end_token_id,
    maxPositions: text.max_position_embeddings,
    initializerRange: text.initializer_range,
  };
}

/** The image's token lies in the vocabulary and is no other. */
export function patchTokenRules(config: PatchModelConfig): ConfigRule[] {
  return tokenRules(
    config.vocabSize,
    ["image_token_id", config.imageTokenId],
    [
      ["video_token_id", config.videoTokenId],
      ["vision_start_token_id", config.visionStartTokenId],
      ["vision_end_token_id", config.visionEndTokenId],
    ],
  );
}

/** The tokens' fields in a `config.json`. */
export function toHuggingFacePatchTokens(config: PatchModelConfig): Readonly<Record<keyof RawPatchTokens, number>> {
  return {
    image_token_id: config.imageTokenId,
    video_token_id: config.videoTokenId,
    vision_start_token_id: config.visionStartTokenId,
    vision_end_token_id: config.visionEndTokenId,
  };
}
