import { divideDimensions, type Dimension } from "../../../engine/graph/dimension.ts";
import { gelu, reshape } from "../../../engine/graph/operators.ts";
import type { Value } from "../../../engine/graph/value.ts";
import { namedLayerNorm } from "../../nn/layer-norm.ts";
import { linear } from "../../nn/linear.ts";
import type { ParameterSource } from "../../nn/parameter-source.ts";
import { patchEmbedding } from "../../nn/patch-embedding.ts";
import type { RotaryVisionBlock } from "../../nn/rotary-vision-block.ts";
import { patchShape } from "./patch-grid.ts";
import type { PatchTowerConfig } from "./patch-tower-config.ts";

/** Epsilon of the towers' norms. @source Qwen2-VL and Qwen3-VL reference implementations (not in their configurations). */
const EPSILON = 1e-6;

/** Patches as vectors: `[images, patches, channels * temporalPatch * patch * patch] -> [images, patches, width]`. @param name of its weights. */
export function embedPatches(
  parameters: ParameterSource,
  vision: PatchTowerConfig,
  pixelValues: Value,
  { name, bias }: { readonly name: string; readonly bias: boolean },
): Value {
  return patchEmbedding(parameters, pixelValues, { name, width: vision.embedDimension, patch: patchShape(vision), bias });
}

/** A tower's block. */
export function towerBlock(
  { embedDimension, headCount, hiddenActivation }: PatchTowerConfig,
  own: Pick<RotaryVisionBlock, "innerWidth" | "feedForward">,
): RotaryVisionBlock {
  return { ...own, width: embedDimension, headCount, activation: hiddenActivation, epsilon: EPSILON };
}

/** A layer that merges patches: what the checkpoint calls it and its parts, and what it normalises. */
export interface PatchMerger {
  readonly name: string;
  readonly norm: string;
  readonly layers: readonly [first: string, second: string];
  /** Each patch, or a block's patches together. */
  readonly normed: "patch" | "block";
}

/** Merges each block of patches into one vector: `[images, patches, width] -> [images, patches / merge², hidden]`. */
export function mergePatches(parameters: ParameterSource, vision: PatchTowerConfig, hidden: Value, merger: PatchMerger): Value {
  const { name, layers } = merger;
  const blockSize = vision.spatialMergeSize ** 2;
  const wide = vision.embedDimension * blockSize;
  const norm = (x: Value): Value => namedLayerNorm(parameters, x, { name: `${name}.${merger.norm}`, epsilon: EPSILON });
  const joined = (x: Value): Value => {
    const [images, patches] = x.shape as [Dimension, Dimension, number];
    return reshape(x, [images, divideDimensions(patches, blockSize), wide]);
  };
  const layer = (x: Value, own: string, outputs: number): Value =>
    linear(parameters, x, { name: `${name}.${own}`, inputs: wide, outputs, bias: true });
  return parameters.builder.scope(name, () => {
    const blocks = merger.normed === "patch" ? joined(norm(hidden)) : norm(joined(hidden));
    return layer(gelu(layer(blocks, layers[0], wide)), layers[1], vision.hiddenSize);
  });
}
