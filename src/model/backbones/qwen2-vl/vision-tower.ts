import { divideDimensions, multiplyDimensions, type Dimension } from "../../../engine/graph/dimension.ts";
import { add, attention, gelu, layerNorm, matmul, reshape, rotary, slice } from "../../../engine/graph/operators.ts";
import type { Value } from "../../../engine/graph/value.ts";
import { mergeHeads, splitHeads } from "../../nn/heads.ts";
import { linear } from "../../nn/linear.ts";
import type { ParameterSource } from "../../nn/parameter-source.ts";
import { layerBuilder, type RecomputeOptions } from "../../nn/recomputed-layers.ts";
import type { Qwen2VLVisionConfig } from "./config.ts";

/** Epsilon of the tower's norms. @source Qwen2-VL reference implementation (not in its config). */
const EPSILON = 1e-6;

/** What the vision tower sees. */
export interface VisionInputs {
  /** [images, patches, channels * temporalPatch * patch * patch] float32, patches in merge-block order, padded to the longest image. */
  readonly pixelValues: Value;
  /** [images, patches, headWidth / 2] float32: cosines of the two-dimensional rotary embedding. */
  readonly cosines: Value;
  /** As `cosines`. */
  readonly sines: Value;
  /** [images, 1, 1, patches] float32, large and negative at padding; absent where all images have the same size. */
  readonly bias?: Value | undefined;
}

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
  const build = layerBuilder(builder, options);
  let hidden = builder.scope("visual.patch_embed", () => patchEmbedding(parameters, config, inputs.pixelValues));
  for (let index = 0; index < config.depth; index++) {
    const name = `visual.blocks.${index}`;
    hidden = builder.scope(name, () => build(() => visionBlock(parameters, config, { name, hidden, inputs })));
  }
  return builder.scope("visual.merger", () => patchMerger(parameters, config, hidden));
}

/** A convolution whose kernel is as large as its stride: one product per patch. The checkpoint has the kernel's shape. */
function patchEmbedding(parameters: ParameterSource, config: Qwen2VLVisionConfig, pixelValues: Value): Value {
  const { embedDimension, patchSize, temporalPatchSize, inChannels } = config;
  const shape = [embedDimension, inChannels, temporalPatchSize, patchSize, patchSize];
  const kernel = parameters.parameter("visual.patch_embed.proj.weight", shape);
  const weight = reshape(kernel, [embedDimension, inChannels * temporalPatchSize * patchSize ** 2]);
  return matmul(pixelValues, weight, { transposeB: true });
}

interface BlockContext {
  readonly name: string;
  readonly hidden: Value;
  readonly inputs: VisionInputs;
}

function visionBlock(parameters: ParameterSource, config: Qwen2VLVisionConfig, { name, hidden, inputs }: BlockContext): Value {
  const width = config.embedDimension;
  const inner = Math.trunc(width * config.mlpRatio);
  const attended = visionAttention(parameters, config, { name, hidden: norm(parameters, hidden, `${name}.norm1`), inputs });
  const between = add(hidden, attended);
  const normed = norm(parameters, between, `${name}.norm2`);
  const up = linear(parameters, normed, { name: `${name}.mlp.fc1`, inputs: width, outputs: inner, bias: true });
  const active = gelu(up, ACTIVATIONS[config.hiddenActivation]);
  return add(between, linear(parameters, active, { name: `${name}.mlp.fc2`, inputs: inner, outputs: width, bias: true }));
}

const ACTIVATIONS = { quick_gelu: "quick", gelu: "erf", gelu_pytorch_tanh: "tanh" } as const;

function visionAttention(parameters: ParameterSource, config: Qwen2VLVisionConfig, { name, hidden, inputs }: BlockContext): Value {
  const { embedDimension: width, headCount } = config;
  const headWidth = width / headCount;
  const merged = linear(parameters, hidden, { name: `${name}.attn.qkv`, inputs: width, outputs: 3 * width, bias: true });
  const part = (at: number): Value => splitHeads(slice(merged, -1, [at * width, (at + 1) * width]), headCount, headWidth);
  const mixed = attention({
    query: rotary(part(0), inputs.cosines, inputs.sines),
    key: rotary(part(1), inputs.cosines, inputs.sines),
    value: part(2),
    scale: headWidth ** -0.5,
    ...(inputs.bias === undefined ? {} : { bias: inputs.bias }),
  });
  return linear(parameters, mergeHeads(mixed), { name: `${name}.attn.proj`, inputs: width, outputs: width, bias: true });
}

function patchMerger(parameters: ParameterSource, config: Qwen2VLVisionConfig, hidden: Value): Value {
  const [images, patches] = hidden.shape as [Dimension, Dimension];
  const blockSize = config.spatialMergeSize ** 2;
  const wide = config.embedDimension * blockSize;
  const normed = norm(parameters, hidden, "visual.merger.ln_q");
  const blocks = reshape(normed, [images, divideDimensions(patches, blockSize), multiplyDimensions(wide)]);
  const first = gelu(linear(parameters, blocks, { name: "visual.merger.mlp.0", inputs: wide, outputs: wide, bias: true }));
  return linear(parameters, first, { name: "visual.merger.mlp.2", inputs: wide, outputs: config.hiddenSize, bias: true });
}

function norm(parameters: ParameterSource, x: Value, name: string): Value {
  const width = x.shape.at(-1) as number;
  const weight = parameters.parameter(`${name}.weight`, [width]);
  return layerNorm(x, { weight, bias: parameters.parameter(`${name}.bias`, [width]), epsilon: EPSILON });
}
