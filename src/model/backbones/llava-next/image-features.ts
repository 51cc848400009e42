import { multiplyDimensions, symbol } from "../../../engine/graph/dimension.ts";
import { concat, reshape, slice } from "../../../engine/graph/operators.ts";
import type { Value } from "../../../engine/graph/value.ts";
import type { EncodeImagesOptions } from "../../multimodal/backbone.ts";
import { clipPatchCount, clipTower, type ClipTower } from "../../nn/clip-tower.ts";
import { linear } from "../../nn/linear.ts";
import type { ParameterSource } from "../../nn/parameter-source.ts";
import { activate } from "../../nn/vision-activation.ts";
import { towerDepth, type LlavaNextConfig } from "./config.ts";

/**
 * Declares a batch's tiles and encodes each once: a row for each patch of each tile, and behind them all the vector that closes a row of patches,
 * `[tiles * patches + 1, hidden]` float32.
 * @source Liu et al. 2024, "LLaVA-NeXT", and its implementation in `transformers`.
 */
export function imageFeatures(parameters: ParameterSource, config: LlavaNextConfig, options: EncodeImagesOptions): Value {
  const { vision, decoder } = config;
  const { builder } = parameters;
  const { inputPrefix } = options;
  const [tiles, patches] = [symbol(`${inputPrefix}images`), clipPatchCount(vision)];
  const pixelValues = builder.input(`${inputPrefix}pixelValues`, "float32", [tiles, patches, 3 * vision.patchSize ** 2]);
  const hidden = clipTower(parameters, towerOf(config), pixelValues, options);
  const withoutClass = slice(hidden, 1, [1, patches + 1]);
  const projected = builder.scope("multi_modal_projector", () => projector(parameters, config, withoutClass));
  const rows = reshape(projected, [multiplyDimensions(tiles, patches), decoder.hiddenSize]);
  return concat([rows, reshape(parameters.parameter("image_newline", [decoder.hiddenSize]), [1, decoder.hiddenSize])], 0);
}

function towerOf(config: LlavaNextConfig): ClipTower {
  return { ...config.vision, name: "vision_tower.vision_model", channels: 3, depth: towerDepth(config) };
}

/** Two layers from the tower's width to the decoder's: `[.., width] -> [.., hidden]`. */
function projector(parameters: ParameterSource, config: LlavaNextConfig, x: Value): Value {
  const { projectorActivation, projectorBias: bias, vision, decoder } = config;
  const layer = (x: Value, name: string, inputs: number): Value =>
    linear(parameters, x, { name: `multi_modal_projector.${name}`, inputs, outputs: decoder.hiddenSize, bias });
  const inner = activate(layer(x, "linear_1", vision.width), projectorActivation);
  return layer(inner, "linear_2", decoder.hiddenSize);
}
