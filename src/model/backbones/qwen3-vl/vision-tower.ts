import type { Dimension } from "../../../engine/graph/dimension.ts";
import { add, gather, mul, reshape, slice } from "../../../engine/graph/operators.ts";
import type { Value } from "../../../engine/graph/value.ts";
import type { VisionInputs } from "../../multimodal/patches/declare-images.ts";
import { embedPatches, mergePatches, towerBlock, type PatchMerger } from "../../multimodal/patches/patch-tower.ts";
import type { ParameterSource } from "../../nn/parameter-source.ts";
import { layerBuilder, type RecomputeOptions } from "../../nn/recomputed-layers.ts";
import { rotaryVisionBlock } from "../../nn/rotary-vision-block.ts";
import type { Qwen3VLVisionConfig } from "./config.ts";
import { TAPS } from "./position-taps.ts";

/** Beginning of the names of the tower's weights. */
const TOWER = "model.visual";

/** What the tower sees. */
export interface Qwen3VLVisionInputs extends VisionInputs {
  /** [images, patches, TAPS] int32: learned positions that a patch's own is mixed of. */
  readonly positionRows: Value;
  /** [images, patches, TAPS] float32: how much of each. */
  readonly positionWeights: Value;
}

/** What the tower gives, `[images, patches / merge², hidden]` each. */
export interface Qwen3VLVisionFeatures {
  readonly features: Value;
  /** For the first decoder layers, in the order of the blocks they come from (deepstack). */
  readonly deep: readonly Value[];
}

/**
 * Vision transformer with a patch merger at its end and one behind each deepstack block. Each image attends to itself only.
 * @source Bai et al. 2025, "Qwen3-VL Technical Report"; Meng et al. 2024, "DeepStack"; the reference implementation.
 */
export function visionTower(
  parameters: ParameterSource,
  config: Qwen3VLVisionConfig,
  inputs: Qwen3VLVisionInputs,
  options: RecomputeOptions = {},
): Qwen3VLVisionFeatures {
  const { builder } = parameters;
  const { cosines, sines, bias } = inputs;
  const build = layerBuilder(builder, options);
  const block = towerBlock(config, { innerWidth: config.innerDimension, feedForward: ["mlp.linear_fc1", "mlp.linear_fc2"] });
  const deep: Value[] = [];
  let hidden = builder.scope(`${TOWER}.patch_embed`, () => placedPatches(parameters, config, inputs));
  for (let index = 0; index < config.depth; index++) {
    const name = `${TOWER}.blocks.${index}`;
    hidden = builder.scope(name, () => build(() => rotaryVisionBlock(parameters, block, { name, hidden, cosines, sines, bias })));
    const merger = config.deepstackBlocks.indexOf(index);
    if (merger >= 0) deep.push(mergePatches(parameters, config, hidden, { ...MERGER, name: `${TOWER}.deepstack_merger_list.${merger}` }));
  }
  return { features: mergePatches(parameters, config, hidden, { ...MERGER, name: `${TOWER}.merger`, normed: "patch" }), deep };
}

const MERGER: Omit<PatchMerger, "name"> = { norm: "norm", layers: ["linear_fc1", "linear_fc2"], normed: "block" };

/** Patches with their positions added. */
function placedPatches(parameters: ParameterSource, config: Qwen3VLVisionConfig, inputs: Qwen3VLVisionInputs): Value {
  const patches = embedPatches(parameters, config, inputs.pixelValues, { name: `${TOWER}.patch_embed.proj`, bias: true });
  return add(patches, positionEmbeddings(parameters, config, inputs));
}

/** `[images, patches, width]`: learned positions, mixed. */
function positionEmbeddings(
  parameters: ParameterSource,
  { positionsPerSide, embedDimension }: Qwen3VLVisionConfig,
  { positionRows, positionWeights }: Qwen3VLVisionInputs,
): Value {
  const [images, patches] = positionRows.shape as [Dimension, Dimension, number];
  const table = parameters.parameter(`${TOWER}.pos_embed.weight`, [positionsPerSide ** 2, embedDimension]);
  const parts = Array.from({ length: TAPS }, (_, tap) => {
    const rows = reshape(slice(positionRows, -1, [tap, tap + 1]), [images, patches]);
    return mul(gather(table, rows), slice(positionWeights, -1, [tap, tap + 1]));
  });
  return parts.reduce(add);
}
