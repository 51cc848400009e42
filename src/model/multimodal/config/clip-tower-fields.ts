import { z } from "zod";
import type { ClipSizes } from "../../nn/clip-tower.ts";
import type { VisionActivation } from "../../nn/vision-activation.ts";
import { rule, type ConfigRule } from "./config-rules.ts";
import { activation, count, positive, type Fields } from "./fields.ts";

/** The fields of a CLIP or SigLIP tower's configuration that decide what it computes. */
export interface RawClipTower {
  readonly hidden_size: number;
  readonly intermediate_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly num_channels: 3;
  readonly image_size: number;
  readonly patch_size: number;
  readonly hidden_act: VisionActivation;
  readonly layer_norm_eps: number;
}

/** Its fields, with the defaults of CLIP's own configuration, which the reference implementation takes for what is not there. */
export const clipTowerFields: Fields<RawClipTower> = {
  hidden_size: count.default(768),
  intermediate_size: count.default(3072),
  num_hidden_layers: count.default(12),
  num_attention_heads: count.default(12),
  num_channels: z.literal(3).default(3),
  image_size: count.default(224),
  patch_size: count.default(32),
  hidden_act: activation.default("quick_gelu"),
  layer_norm_eps: positive.default(1e-5),
};

/** A tower with the names of this code. */
export function toClipSizes(raw: RawClipTower): ClipSizes {
  return {
    width: raw.hidden_size,
    innerWidth: raw.intermediate_size,
    depth: raw.num_hidden_layers,
    headCount: raw.num_attention_heads,
    imageSize: raw.image_size,
    patchSize: raw.patch_size,
    epsilon: raw.layer_norm_eps,
    activation: raw.hidden_act,
  };
}

/** Heads divide the tower's width. */
export function towerHeadsRule({ width, headCount }: ClipSizes): ConfigRule {
  return rule("vision_config.hidden_size", width, `a multiple of num_attention_heads (${headCount})`, width % headCount === 0);
}

/** A tower's fields in a `config.json`. */
export function toHuggingFaceClipTower(vision: ClipSizes): Readonly<Record<string, unknown>> {
  return {
    hidden_size: vision.width,
    intermediate_size: vision.innerWidth,
    num_hidden_layers: vision.depth,
    num_attention_heads: vision.headCount,
    num_channels: 3,
    image_size: vision.imageSize,
    patch_size: vision.patchSize,
    hidden_act: vision.activation,
    layer_norm_eps: vision.epsilon,
  };
}
