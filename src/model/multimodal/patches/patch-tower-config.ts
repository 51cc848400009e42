import { z } from "zod";
import { activation, count, type Fields } from "../config/fields.ts";
import { ignored } from "../config/ignored-fields.ts";
import type { VisionActivation } from "../../nn/vision-activation.ts";
import type { PatchVisionConfig } from "./patch-grid.ts";

/** A vision transformer that reads patches in merge blocks and ends in a layer that merges them. */
export interface PatchTowerConfig extends PatchVisionConfig {
  /** Number of blocks. */
  readonly depth: number;
  /** Width of what the merging layers give: the decoder's `hiddenSize`. */
  readonly hiddenSize: number;
  readonly hiddenActivation: VisionActivation;
}

/** The fields of its configuration that have the same names in all kinds of model; its widths do not. */
export interface RawPatchTower {
  readonly depth: number;
  readonly num_heads: number;
  readonly hidden_act: VisionActivation;
  readonly in_channels: number;
  readonly patch_size: number;
  readonly spatial_merge_size: number;
  readonly temporal_patch_size: number;
}

/** Its fields, with the defaults of Qwen2-VL. */
export const patchTowerFields: Fields<RawPatchTower & { readonly initializer_range?: unknown }> = {
  depth: count,
  num_heads: count,
  hidden_act: activation.default("quick_gelu"),
  in_channels: count.default(3),
  patch_size: count.default(14),
  spatial_merge_size: count.default(2),
  temporal_patch_size: count.default(2),
  initializer_range: ignored,
};

interface TowerRope {
  readonly rope_type: "axial" | "default";
  readonly rope_theta: 10_000;
}

/** The tower's rotary embedding, as transformers 5 writes it down: there is only one. */
export const towerRope: z.ZodType<TowerRope> = z.strictObject({
  rope_type: z.enum(["axial", "default"]),
  rope_theta: z.literal(10_000),
});

/** A tower with the names of this code. */
export function toPatchTower(
  raw: RawPatchTower,
  { embedDimension, hiddenSize }: Pick<PatchTowerConfig, "embedDimension" | "hiddenSize">,
): PatchTowerConfig {
  return {
    embedDimension,
    depth: raw.depth,
    headCount: raw.num_heads,
    hiddenSize,
    patchSize: raw.patch_size,
    temporalPatchSize: raw.temporal_patch_size,
    spatialMergeSize: raw.spatial_merge_size,
    inChannels: raw.in_channels,
    hiddenActivation: raw.hidden_act,
  };
}

/** The fields of a tower's activation and patches in a `config.json`. */
export function toHuggingFacePatches(vision: PatchTowerConfig): Readonly<Record<string, unknown>> {
  return {
    hidden_act: vision.hiddenActivation,
    patch_size: vision.patchSize,
    temporal_patch_size: vision.temporalPatchSize,
    spatial_merge_size: vision.spatialMergeSize,
    in_channels: vision.inChannels,
  };
}
