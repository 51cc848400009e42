import { fitImage, type ImageFitting } from "../image-fitting.ts";
import type { ImagePreparer } from "../image-preparer.ts";
import type { ImageTensors } from "../token-batch.ts";
import { imagesToPatches, imageTokenCount, patchGridOf, type ImageProcessorConfig } from "./image-processor.ts";
import type { ImageBatch } from "./image-tensors.ts";
import { toHuggingFacePreprocessorConfig } from "./preprocessor-config.ts";

/** What tells one model with patches in merge blocks from another. */
export interface PatchImagesOptions {
  readonly imageTokenId: number;
  readonly settings: ImageProcessorConfig;
  /** Its class of processors in `transformers`: `Qwen2VLProcessor`. */
  readonly processorClass: string;
  /** The inputs of its graph. */
  readonly toTensors: (batch: ImageBatch) => ImageTensors | undefined;
}

/** Images as a model with patches in merge blocks takes them: one token per block. */
export function patchImages(options: PatchImagesOptions): ImagePreparer {
  const { imageTokenId, settings, processorClass, toTensors } = options;
  const { patchSize, mergeSize, minPixels, maxPixels, doResize } = settings;
  const fitting: ImageFitting = { kind: "patches", settings: { patchSize, mergeSize, minPixels, maxPixels, doResize } };
  return {
    maxPixels,
    fitting,
    fit: (image) => fitImage(image, fitting),
    layout(size) {
      const grid = patchGridOf(size, settings);
      return { grid, tokens: Array.from({ length: imageTokenCount(grid, settings) }, () => imageTokenId) };
    },
    toTensors: (images) => (images.length === 0 ? undefined : toTensors(imagesToPatches(images, settings))),
    withPixels: (limits) => patchImages({ ...options, settings: { ...settings, ...limits } }),
    toHuggingFaceConfig: () => toHuggingFacePreprocessorConfig(settings, processorClass),
  };
}
