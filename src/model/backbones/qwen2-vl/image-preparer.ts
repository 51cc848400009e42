import { resizeBicubic } from "../../../inputs/resize-image.ts";
import type { ImagePreparer } from "../../multimodal/image-preparer.ts";
import type { Qwen2VLConfig } from "./config.ts";
import { imagesToPatches, imageTokenCount, patchGridOf, smartResize, type ImageProcessorConfig } from "./image-processor.ts";
import { imageTensors } from "./image-tensors.ts";
import { toHuggingFacePreprocessorConfig } from "./preprocessor-config.ts";

/** Images as a model with patches in merge blocks takes them: one token per block. */
export function qwen2VLImages(config: Pick<Qwen2VLConfig, "vision" | "imageTokenId">, settings: ImageProcessorConfig): ImagePreparer {
  return {
    maxPixels: settings.maxPixels,
    fit: (image) => resizeBicubic(image, smartResize(image, settings)),
    layout(size) {
      const grid = patchGridOf(size, settings);
      return { grid, tokens: Array.from({ length: imageTokenCount(grid, settings) }, () => config.imageTokenId) };
    },
    toTensors: (images) => (images.length === 0 ? undefined : imageTensors(config.vision, imagesToPatches(images, settings))),
    withPixels: (limits) => qwen2VLImages(config, { ...settings, ...limits }),
    toHuggingFaceConfig: () => toHuggingFacePreprocessorConfig(settings),
  };
}
