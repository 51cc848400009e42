import type { Value } from "../../../engine/graph/value.ts";
import type { VisionInputs } from "../../multimodal/patches/declare-images.ts";
import { embedPatches, mergePatches, towerBlock, type PatchMerger } from "../../multimodal/patches/patch-tower.ts";
import type { ParameterSource } from "../../nn/parameter-source.ts";
import { layerBuilder, type RecomputeOptions } from "../../nn/recomputed-layers.ts";
import { rotaryVisionBlock } from "../../nn/rotary-vision-block.ts";
import type { Qwen2VLVisionConfig } from "./config.ts";

/** Beginning of the names of the tower's weights. */
const TOWER = "visual";

/**
 * Vision transformer and patch merger: `[images, patches, ..] -> [images, patches / merge², hidden]`. Each image attends to itself only.
 * @source Wang et al. 2024, "Qwen2-VL", section 2.1, and its reference implementation.
 */
export function visionTower(
  parameters: ParameterSource,
  config: Qwen2VLVisionConfig,
  inputs: VisionInputs,
  options: RecomputeOptions = {},
): Value {
  const { builder } = parameters;
  const { pixelValues, ...places } = inputs;
  const build = layerBuilder(builder, options);
  const innerWidth = Math.trunc(config.embedDimension * config.mlpRatio);
  const block = towerBlock(config, { innerWidth, feedForward: ["mlp.fc1", "mlp.fc2"] });
  let hidden = builder.scope(`${TOWER}.patch_embed`, () => embedPatches(parameters, config, pixelValues, PATCHES));
  for (let index = 0; index < config.depth; index++) {
    const name = `${TOWER}.blocks.${index}`;
    hidden = builder.scope(name, () => build(() => rotaryVisionBlock(parameters, block, { name, hidden, ...places })));
  }
  return mergePatches(parameters, config, hidden, MERGER);
}

const PATCHES = { name: `${TOWER}.patch_embed.proj`, bias: false } as const;
const MERGER: PatchMerger = { name: `${TOWER}.merger`, norm: "ln_q", layers: ["mlp.0", "mlp.2"], normed: "patch" };
