import type { Dimension } from "../../engine/graph/dimension.ts";
import { add, attention, concat, expand, reshape } from "../../engine/graph/operators.ts";
import type { Value } from "../../engine/graph/value.ts";
import { mergeHeads, splitHeads } from "./heads.ts";
import { namedLayerNorm } from "./layer-norm.ts";
import { linear } from "./linear.ts";
import type { ParameterSource } from "./parameter-source.ts";
import { patchEmbedding } from "./patch-embedding.ts";
import { layerBuilder, type RecomputeOptions } from "./recomputed-layers.ts";
import { visionBlock, type VisionBlock, type VisionBlockNames } from "./vision-block.ts";

/** Sizes of a CLIP or SigLIP tower. */
export interface ClipSizes extends VisionBlock {
  /** Number of blocks. */
  readonly depth: number;
  /** Pixels on a side of the square whose patches have a learned position each. */
  readonly imageSize: number;
  /** Pixels on a side. */
  readonly patchSize: number;
}

/** The vision transformer of a CLIP model: sizes, and what the checkpoint calls it. Blocks behind the one whose output is wanted need not be run. */
export interface ClipTower extends ClipSizes {
  /** Beginning of the names of its weights, without the last dot: `vision_tower.vision_model`. */
  readonly name: string;
  readonly channels: number;
}

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
  const hidden = parameters.builder.scope(`${tower.name}.embeddings`, () => embeddings(parameters, tower, pixelValues));
  return clipEncoder(parameters, tower, hidden, options);
}

/** The blocks of a CLIP or SigLIP tower, one behind the other: `[images, tokens, width]`. All tokens of an image see all of them; no mask. */
export function clipEncoder(
  parameters: ParameterSource,
  tower: VisionBlock & Pick<ClipTower, "name" | "depth">,
  embedded: Value,
  options: RecomputeOptions = {},
): Value {
  const { builder } = parameters;
  const build = layerBuilder(builder, options);
  let hidden = embedded;
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
  const patch = [channels, patchSize, patchSize];
  const seen = patchEmbedding(parameters, pixelValues, { name: `${name}.embeddings.patch_embedding`, width, patch, bias: false });
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

const NAMES: VisionBlockNames = { norms: ["layer_norm1", "layer_norm2"], feedForward: ["mlp.fc1", "mlp.fc2"] };

function clipBlock(parameters: ParameterSource, block: VisionBlock, { name, hidden }: BlockInputs): Value {
  const attend = (normed: Value): Value => selfAttention(parameters, block, { name: `${name}.self_attn`, hidden: normed });
  return visionBlock(parameters, block, { name, names: NAMES, hidden, attend });
}

function selfAttention(parameters: ParameterSource, { width, headCount }: VisionBlock, { name, hidden }: BlockInputs): Value {
  const project = (x: Value, kind: string): Value =>
    linear(parameters, x, { name: `${name}.${kind}_proj`, inputs: width, outputs: width, bias: true });
  const heads = (kind: string): Value => splitHeads(project(hidden, kind), headCount, width / headCount);
  const mixed = attention({ query: heads("q"), key: heads("k"), value: heads("v"), scale: (width / headCount) ** -0.5 });
  return project(mergeHeads(mixed), "out");
}
