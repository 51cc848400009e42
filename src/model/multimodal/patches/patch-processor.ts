import type { Backbone } from "../backbone.ts";
import type { BackboneProcessorParts } from "../backbone-kind.ts";
import type { ImagePreparer } from "../image-preparer.ts";
import { checkFit, InputProcessor, tokenFit } from "../input-processor.ts";
import type { PromptTemplate } from "../prompt.ts";
import type { ImageProcessorConfig } from "./image-processor.ts";
import type { PatchModelConfig } from "./patch-model-config.ts";
import { multimodalPositions } from "./rope-index.ts";

/** The token that stands for a block of patches. */
const IMAGE_TOKEN = "<|image_pad|>";

/** A model with patches in merge blocks, as its processor sees it. */
export interface PatchModel {
  readonly config: PatchModelConfig;
  readonly backbone: Backbone;
  readonly images: ImagePreparer;
  /** Polyvec's own if not given. */
  readonly usualPrompts?: PromptTemplate;
}

/** Inputs to tokens, patches and positions. @throws {ConfigError} if tokenizer, image processor and model do not fit each other. */
export function patchProcessor(model: PatchModel, parts: BackboneProcessorParts<ImageProcessorConfig>): InputProcessor {
  const { config, ...own } = model;
  const { vision, imageTokenId } = config;
  const { tokenizer, imageProcessor, prompts } = parts;
  checkFit([
    tokenFit(tokenizer, IMAGE_TOKEN, imageTokenId),
    { field: "patch_size", got: imageProcessor.patchSize, expected: vision.patchSize },
    { field: "temporal_patch_size", got: imageProcessor.temporalPatchSize, expected: vision.temporalPatchSize },
    { field: "merge_size", got: imageProcessor.mergeSize, expected: vision.spatialMergeSize },
  ]);
  return new InputProcessor({ ...own, tokenizer, prompts, positions: multimodalPositions(imageTokenId, imageProcessor) });
}
