import { divideDimensions, multiplyDimensions, symbol, type Dimension } from "../../../engine/graph/dimension.ts";
import { add, gather, reshape } from "../../../engine/graph/operators.ts";
import type { Value } from "../../../engine/graph/value.ts";
import type { EncodeImagesOptions } from "../../multimodal/backbone.ts";
import { clipEncoder } from "../../nn/clip-tower.ts";
import { namedLayerNorm } from "../../nn/layer-norm.ts";
import { linear } from "../../nn/linear.ts";
import type { ParameterSource } from "../../nn/parameter-source.ts";
import { patchEmbedding } from "../../nn/patch-embedding.ts";
import type { Idefics3Config, Idefics3VisionConfig } from "./config.ts";

const TOWER = "model.vision_model";
const CONNECTOR = "model.connector";

/** Beginnings of the names of the weights that see. */
export const VISION_PREFIXES: readonly string[] = [`${TOWER}.`, `${CONNECTOR}.`];

/**
 * Declares a batch's tiles, as `tileTensors` makes them, and encodes each once: `[tiles * blocks, hidden]` float32, a row for each block of
 * `scaleFactor x scaleFactor` patches.
 * @source Laurençon et al. 2024, "Building and better understanding vision-language models", and its implementation in `transformers`.
 */
export function imageFeatures(parameters: ParameterSource, config: Idefics3Config, options: EncodeImagesOptions): Value {
  const { builder } = parameters;
  const { vision, scaleFactor } = config;
  const { inputPrefix } = options;
  const [tiles, blocks] = [symbol(`${inputPrefix}tiles`), symbol(`${inputPrefix}blocks`)];
  const perBlock = scaleFactor ** 2;
  const patches = multiplyDimensions(blocks, perBlock);
  const pixels = vision.channels * vision.patchSize ** 2;
  const hidden = visionTower(
    parameters,
    vision,
    {
      pixelValues: reshape(builder.input(`${inputPrefix}pixelValues`, "float32", [tiles, blocks, perBlock, pixels]), [
        tiles,
        patches,
        pixels,
      ]),
      positions: reshape(builder.input(`${inputPrefix}patchPositions`, "int32", [blocks, perBlock]), [patches]),
    },
    options,
  );
  return builder.scope(CONNECTOR, () => connector(parameters, config, hidden));
}

/** What the vision tower sees. */
interface VisionInputs {
  /** [tiles, patches, channels * patch * patch] float32, in the order of the convolution's kernel: channel, row, column. */
  readonly pixelValues: Value;
  /** [patches] int32: the learned position of each, the same in all tiles. */
  readonly positions: Value;
}

/** SigLIP's tower: `[tiles, patches, width]`. Each tile attends to itself only, all of it to all of it. */
function visionTower(parameters: ParameterSource, vision: Idefics3VisionConfig, inputs: VisionInputs, options: EncodeImagesOptions): Value {
  const { builder } = parameters;
  const embedded = builder.scope(`${TOWER}.embeddings`, () => embeddings(parameters, vision, inputs));
  const hidden = clipEncoder(parameters, { ...vision, name: TOWER }, embedded, options);
  const name = `${TOWER}.post_layernorm`;
  return builder.scope(name, () => namedLayerNorm(parameters, hidden, { name, epsilon: vision.epsilon }));
}

function embeddings(parameters: ParameterSource, vision: Idefics3VisionConfig, { pixelValues, positions }: VisionInputs): Value {
  const { width, channels, patchSize, imageSize } = vision;
  const name = `${TOWER}.embeddings`;
  const patch = [channels, patchSize, patchSize];
  const seen = patchEmbedding(parameters, pixelValues, { name: `${name}.patch_embedding`, width, patch, bias: true });
  const places = Math.floor(imageSize / patchSize) ** 2;
  return add(seen, gather(parameters.parameter(`${name}.position_embedding.weight`, [places, width]), positions));
}

/** A block's patches one behind the other are its token (pixel shuffle), brought to the decoder's width. */
function connector(parameters: ParameterSource, { vision, scaleFactor, decoder }: Idefics3Config, hidden: Value): Value {
  const [tiles, patches] = hidden.shape as [Dimension, Dimension];
  const inputs = vision.width * scaleFactor ** 2;
  const blocks = reshape(hidden, [multiplyDimensions(tiles, divideDimensions(patches, scaleFactor ** 2)), inputs]);
  return linear(parameters, blocks, {
    name: `${CONNECTOR}.modality_projection.proj`,
    inputs,
    outputs: decoder.hiddenSize,
    bias: false,
  });
}
