import type { Dimension } from "../../engine/graph/dimension.ts";
import { add, attention, concat, expand, gelu, matmul, reshape } from "../../engine/graph/operators.ts";
import type { Value } from "../../engine/graph/value.ts";
import { mergeHeads, splitHeads } from "./heads.ts";
import { namedLayerNorm } from "./layer-norm.ts";
import { linear } from "./linear.ts";
import type { ParameterSource } from "./parameter-source.ts";
import { layerBuilder, type RecomputeOptions } from "./recomputed-layers.ts";

/** The vision transformer of a CLIP model: sizes, and what the checkpoint calls it. */
export interface ClipTower {
  /** Beginning of the names of its weights, without the last dot: `vision_tower.vision_model`. */
  readonly name: string;
  readonly width: number;
  /** Width of a block's inner layer. */
  readonly innerWidth: number;
  readonly headCount: number;
  /** Blocks that are run: those behind the one whose output is wanted need not be. */
  readonly depth: number;
  /** Pixels on a side of a picture. */
  readonly imageSize: number;
  /** Pixels on a side. */
  readonly patchSize: number;
  readonly channels: number;
  /** Of the norms. */
  readonly epsilon: number;
  readonly activation: keyof typeof ACTIVATIONS;
}

const ACTIVATIONS = { quick_gelu: "quick", gelu: "erf", gelu_pytorch_tanh: "tanh" } as const;

/** The number of patches that the tower sees of a picture, which is square. */
export function clipPatchCount({ imageSize, patchSize }: Pick<ClipTower, "imageSize" | "patchSize">): number {
  return (imageSize / patchSize) ** 2;
}

/**
 * Hidden states after the last block that is run, not normalised: `[images, patches, channels * patch * patch] float32 -> [images, 1 + patches,
 * width]`, the class token first. The patches' numbers are in the order of the convolution's kernel: channel, row, column.
 * @source Radford et al. 2021, "Learning Transferable Visual Models From Natural Language Supervision", and its implementation in `transformers`.
 */
export function clipTower(parameters: ParameterSource, tower: ClipTower, pixelValues: Value, options: RecomputeOptions = {}): Value {
  const { builder } = parameters;
  const build = layerBuilder(builder, options);
  let hidden = builder.scope(`${tower.name}.embeddings`, () => embeddings(parameters, tower, pixelValues));
  for (let index = 0; index < tower.depth; index++) {
    const name = `${tower.name}.encoder.layers.${index}`;
    hidden = builder.scope(name, () => build(() => clipBlock(parameters, tower, { name, hidden })));
  }
  return hidden;
}

/** A vector for each patch and one for the class token, each with that of its place, normalised. */
function embeddings(parameters: ParameterSource, { name, width, channels, epsilon, ...sizes }: ClipTower, pixelValues: Value): Value {
  const [images] = pixelValues.shape as [Dimension, number, number];
  const { patchSize } = sizes;
  const kernel = parameters.parameter(`${name}.embeddings.patch_embedding.weight`, [width, channels, patchSize, patchSize]);
  const seen = matmul(pixelValues, reshape(kernel, [width, channels * patchSize ** 2]), { transposeB: true });
  const classToken = reshape(parameters.parameter(`${name}.embeddings.class_embedding`, [width]), [1, 1, width]);
  const tokens = concat([expand(classToken, [images, 1, width]), seen], 1);
  const places = parameters.parameter(`${name}.embeddings.position_embedding.weight`, [clipPatchCount(sizes) + 1, width]);
  return namedLayerNorm(parameters, add(tokens, places), { name: `${name}.pre_layrnorm`, epsilon });
}

interface BlockInputs {
  readonly name: string;
  /** [images, tokens, width] */
  readonly hidden: Value;
}

/** What a block of a CLIP or SigLIP tower is told of the tower. */
export type ClipBlock = Pick<ClipTower, "width" | "innerWidth" | "headCount" | "epsilon" | "activation">;

/** A block of a CLIP or SigLIP tower: `x + attention(norm1(x))`, then `x + feedForward(norm2(x))`. All see all; no mask. */
export function clipBlock(parameters: ParameterSource, tower: ClipBlock, { name, hidden }: BlockInputs): Value {
  const { width, innerWidth, epsilon, activation } = tower;
  const first = namedLayerNorm(parameters, hidden, { name: `${name}.layer_norm1`, epsilon });
  const between = add(hidden, selfAttention(parameters, tower, { name: `${name}.self_attn`, hidden: first }));
  const second = namedLayerNorm(parameters, between, { name: `${name}.layer_norm2`, epsilon });
  const raised = linear(parameters, second, { name: `${name}.mlp.fc1`, inputs: width, outputs: innerWidth, bias: true });
  const active = gelu(raised, ACTIVATIONS[activation]);
  return add(between, linear(parameters, active, { name: `${name}.mlp.fc2`, inputs: innerWidth, outputs: width, bias: true }));
}

function selfAttention(parameters: ParameterSource, { width, headCount }: ClipBlock, { name, hidden }: BlockInputs): Value {
  const project = (x: Value, kind: string): Value =>
    linear(parameters, x, { name: `${name}.${kind}_proj`, inputs: width, outputs: width, bias: true });
  const heads = (kind: string): Value => splitHeads(project(hidden, kind), headCount, width / headCount);
  const mixed = attention({ query: heads("q"), key: heads("k"), value: heads("v"), scale: (width / headCount) ** -0.5 });
  return project(mergeHeads(mixed), "out");
}
