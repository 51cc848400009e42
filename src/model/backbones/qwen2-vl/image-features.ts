import { multiplyDimensions, symbol, type Dimension } from "../../../engine/graph/dimension.ts";
import { reshape } from "../../../engine/graph/operators.ts";
import type { Value } from "../../../engine/graph/value.ts";
import type { EncodeImagesOptions } from "../../multimodal/backbone.ts";
import type { ParameterSource } from "../../nn/parameter-source.ts";
import type { Qwen2VLVisionConfig } from "./config.ts";
import { visionTower, type VisionInputs } from "./vision-tower.ts";

/** Declares a batch's images and encodes each once: `[images * blocks, hidden]`, a row for each token that stands for a part of one. */
export function imageFeatures(parameters: ParameterSource, vision: Qwen2VLVisionConfig, options: EncodeImagesOptions): Value {
  const features = visionTower(parameters, vision, declareImages(parameters, vision, options), options);
  const [images, blocks, width] = features.shape as [Dimension, Dimension, number];
  return reshape(features, [multiplyDimensions(images, blocks), width]);
}

/** The graph inputs of a batch's images, as `imageTensors` makes them. */
export function declareImages(
  { builder }: ParameterSource,
  vision: Pick<Qwen2VLVisionConfig, "embedDimension" | "headCount" | "spatialMergeSize" | "inChannels" | "temporalPatchSize" | "patchSize">,
  { vision: mode, inputPrefix }: EncodeImagesOptions,
): VisionInputs {
  const [images, blocks] = [symbol(`${inputPrefix}images`), symbol(`${inputPrefix}blocks`)];
  const perBlock = vision.spatialMergeSize ** 2;
  const patches = multiplyDimensions(blocks, perBlock);
  const input = (name: string, width: number): Value =>
    reshape(builder.input(inputPrefix + name, "float32", [images, blocks, perBlock, width]), [images, patches, width]);
  const half = vision.embedDimension / vision.headCount / 2;
  const padding = (): Value =>
    reshape(builder.input(`${inputPrefix}visionBias`, "float32", [images, blocks, perBlock]), [images, 1, 1, patches]);
  return {
    pixelValues: input("pixelValues", vision.inChannels * vision.temporalPatchSize * vision.patchSize ** 2),
    cosines: input("visionCosines", half),
    sines: input("visionSines", half),
    bias: mode === "ragged" ? padding() : undefined,
  };
}
