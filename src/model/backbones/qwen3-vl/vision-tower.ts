import { divideDimensions, type Dimension } from "../../../engine/graph/dimension.ts";
import { add, gather, gelu, matmul, mul, reshape, slice } from "../../../engine/graph/operators.ts";
import type { Value } from "../../../engine/graph/value.ts";
import type { VisionInputs } from "../../multimodal/patches/declare-images.ts";
import { namedLayerNorm } from "../../nn/layer-norm.ts";
import { linear } from "../../nn/linear.ts";
import type { ParameterSource } from "../../nn/parameter-source.ts";
import { layerBuilder, type RecomputeOptions } from "../../nn/recomputed-layers.ts";
import { rotaryVisionBlock, type RotaryVisionBlock } from "../../nn/rotary-vision-block.ts";
import type { Qwen3VLVisionConfig } from "./config.ts";
import { TAPS } from "./position-taps.ts";

/** Epsilon of the tower's norms. @source Qwen3-VL reference implementation (not in its config). */
const EPSILON = 1e-6;

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
  const block = blockOf(config);
  const deep: Value[] = [];
  let hidden = builder.scope(`${TOWER}.patch_embed`, () => embeddedPatches(parameters, config, inputs));
  for (let index = 0; index < config.depth; index++) {
    const name = `${TOWER}.blocks.${index}`;
    hidden = builder.scope(name, () => build(() => rotaryVisionBlock(parameters, block, { name, hidden, cosines, sines, bias })));
    const merger = config.deepstackBlocks.indexOf(index);
    if (merger >= 0)
      deep.push(patchMerger(parameters, config, { name: `${TOWER}.deepstack_merger_list.${merger}`, hidden, normed: "block" }));
  }
  return { features: patchMerger(parameters, config, { name: `${TOWER}.merger`, hidden, normed: "patch" }), deep };
}

function blockOf({ embedDimension, innerDimension, headCount, hiddenActivation }: Qwen3VLVisionConfig): RotaryVisionBlock {
  return {
    width: embedDimension,
    innerWidth: innerDimension,
    headCount,
    activation: hiddenActivation,
    epsilon: EPSILON,
    feedForward: ["mlp.linear_fc1", "mlp.linear_fc2"],
  };
}

/** Patches, a convolution whose kernel is as large as its stride, with their positions added. The checkpoint has the kernel's shape. */
function embeddedPatches(parameters: ParameterSource, config: Qwen3VLVisionConfig, inputs: Qwen3VLVisionInputs): Value {
  const { embedDimension, patchSize, temporalPatchSize, inChannels } = config;
  const shape = [embedDimension, inChannels, temporalPatchSize, patchSize, patchSize];
  const kernel = parameters.parameter(`${TOWER}.patch_embed.proj.weight`, shape);
  const weight = reshape(kernel, [embedDimension, inChannels * temporalPatchSize * patchSize ** 2]);
  const seen = matmul(inputs.pixelValues, weight, { transposeB: true });
  const patches = add(seen, parameters.parameter(`${TOWER}.patch_embed.proj.bias`, [embedDimension]));
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

/** Merges each block of patches into one vector. @param normed what is normalised: each patch, or a block's patches together. */
function patchMerger(
  parameters: ParameterSource,
  config: Qwen3VLVisionConfig,
  { name, hidden, normed }: { readonly name: string; readonly hidden: Value; readonly normed: "patch" | "block" },
): Value {
  const blockSize = config.spatialMergeSize ** 2;
  const wide = config.embedDimension * blockSize;
  const norm = (x: Value): Value => namedLayerNorm(parameters, x, { name: `${name}.norm`, epsilon: EPSILON });
  const joined = (x: Value): Value => {
    const [images, patches] = x.shape as [Dimension, Dimension, number];
    return reshape(x, [images, divideDimensions(patches, blockSize), wide]);
  };
  return parameters.builder.scope(name, () => {
    const blocks = normed === "patch" ? joined(norm(hidden)) : norm(joined(hidden));
    const first = gelu(linear(parameters, blocks, { name: `${name}.linear_fc1`, inputs: wide, outputs: wide, bias: true }));
    return linear(parameters, first, { name: `${name}.linear_fc2`, inputs: wide, outputs: config.hiddenSize, bias: true });
  });
}
