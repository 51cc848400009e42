import type { Value } from "../../../engine/graph/value.ts";
import type { EncodeImagesOptions } from "../../multimodal/backbone.ts";
import { declareImages, featureRows } from "../../multimodal/patches/declare-images.ts";
import type { ParameterSource } from "../../nn/parameter-source.ts";
import type { Qwen2VLVisionConfig } from "./config.ts";
import { visionTower } from "./vision-tower.ts";

/** Declares a batch's images and encodes each once: `[images * blocks, hidden]`, a row for each token that stands for a part of one. */
export function imageFeatures(parameters: ParameterSource, vision: Qwen2VLVisionConfig, options: EncodeImagesOptions): Value {
  return featureRows(visionTower(parameters, vision, declareImages(parameters.builder, vision, options), options));
}
