import { divideDimensions, multiplyDimensions, type Dimension } from "../../../engine/graph/dimension.ts";
import { gelu, matmul, reshape } from "../../../engine/graph/operators.ts";
import type { Value } from "../../../engine/graph/value.ts";
import type { VisionInputs } from "../../multimodal/patches/declare-images.ts";
import { namedLayerNorm } from "../../nn/layer-norm.ts";
import { linear } from "../../nn/linear.ts";
import type { ParameterSource } from "../../nn/parameter-source.ts";
import { layerBuilder, type RecomputeOptions } from "../../nn/recomputed-layers.ts";
import { rotaryVisionBlock, type RotaryVisionBlock } from "../../nn/rotary-vision-block.ts";
import type { Qwen2VLVisionConfig } from "./config.ts";

/** Epsilon of the tower's norms. @source Qwen2-VL reference implementation (not in its config). */
const EPSILON = 1e-6;

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
  const block = blockOf(config);
  let hidden = builder.scope("visual.patch_embed", () => patchEmbedding(parameters, config, pixelValues));
  for (let index = 0; index < config.depth; index++) {
    const name = `visual.blocks.${index}`;
    hidden = builder.scope(name, () => build(() => rotaryVisionBlock(parameters, block, { name, hidden, ...places })));
  }
  return builder.scope("visual.merger", () => patchMerger(parameters, config, hidden));
}

function blockOf({ embedDimension, mlpRatio, headCount, hiddenActivation }: Qwen2VLVisionConfig): RotaryVisionBlock {
  return {
    width: embedDimension,
    innerWidth: Math.trunc(embedDimension * mlpRatio),
    headCount,
    activation: hiddenActivation,
    epsilon: EPSILON,
    feedForward: ["mlp.fc1", "mlp.fc2"],
  };
}

/** A convolution whose kernel is as large as its stride: one product per patch. The checkpoint has the kernel's shape. */
function patchEmbedding(parameters: ParameterSource, config: Qwen2VLVisionConfig, pixelValues: Value): Value {
  const { embedDimension, patchSize, temporalPatchSize, inChannels } = config;
  const shape = [embedDimension, inChannels, temporalPatchSize, patchSize, patchSize];
  const kernel = parameters.parameter("visual.patch_embed.proj.weight", shape);
  const weight = reshape(kernel, [embedDimension, inChannels * temporalPatchSize * patchSize ** 2]);
  return matmul(pixelValues, weight, { transposeB: true });
}

function patchMerger(parameters: ParameterSource, config: Qwen2VLVisionConfig, hidden: Value): Value {
  const [images, patches] = hidden.shape as [Dimension, Dimension];
  const blockSize = config.spatialMergeSize ** 2;
  const wide = config.embedDimension * blockSize;
  const normed = namedLayerNorm(parameters, hidden, { name: "visual.merger.ln_q", epsilon: EPSILON });
  const blocks = reshape(normed, [images, divideDimensions(patches, blockSize), multiplyDimensions(wide)]);
  const first = gelu(linear(parameters, blocks, { name: "visual.merger.mlp.0", inputs: wide, outputs: wide, bias: true }));
  return linear(parameters, first, { name: "visual.merger.mlp.2", inputs: wide, outputs: config.hiddenSize, bias: true });
}
