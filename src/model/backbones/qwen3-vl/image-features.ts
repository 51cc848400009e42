import type { EncodeImagesOptions, ImageFeatures } from "../../multimodal/backbone.ts";
import { declareImages, declarePerPatch, featureRows } from "../../multimodal/patches/declare-images.ts";
import type { PatchGrid } from "../../multimodal/patches/patch-grid.ts";
import { imageTensors, type ImageBatch } from "../../multimodal/patches/image-tensors.ts";
import type { ImageTensors } from "../../multimodal/token-batch.ts";
import type { ParameterSource } from "../../nn/parameter-source.ts";
import type { Qwen3VLVisionConfig } from "./config.ts";
import { positionTaps, TAPS } from "./position-taps.ts";
import { visionTower } from "./vision-tower.ts";

/** Declares a batch's images and encodes each once: `[images * blocks, hidden]`, a row for each token that stands for a part of one. */
export function imageFeatures(parameters: ParameterSource, vision: Qwen3VLVisionConfig, options: EncodeImagesOptions): ImageFeatures {
  const { builder } = parameters;
  const inputs = {
    ...declareImages(builder, vision, options),
    positionRows: declarePerPatch(builder, vision, { ...options, name: "positionRows", width: TAPS, dtype: "int32" }),
    positionWeights: declarePerPatch(builder, vision, { ...options, name: "positionWeights", width: TAPS }),
  };
  const { features, deep } = visionTower(parameters, vision, inputs, options);
  return { features: featureRows(features), deep: deep.map(featureRows) };
}

/** Images as the vision tower takes them; undefined if there are none. */
export function qwen3VLImageTensors(vision: Qwen3VLVisionConfig, batch: ImageBatch): ImageTensors | undefined {
  const tensors = imageTensors(vision, batch);
  return tensors && { ...tensors, inputs: { ...tensors.inputs, ...positionInputs(vision, batch.grids) } };
}

function positionInputs(vision: Qwen3VLVisionConfig, grids: readonly PatchGrid[]): ImageTensors["inputs"] {
  const { rows, weights } = positionTaps(vision, grids);
  return { positionRows: rows, positionWeights: weights };
}
