import type { Backbone } from "../../multimodal/backbone.ts";
import type { BackboneKind } from "../../multimodal/backbone-kind.ts";
import { checkFit, InputProcessor } from "../../multimodal/input-processor.ts";
import type { ImagePreparer } from "../../multimodal/image-preparer.ts";
import type { ImageProcessorConfig } from "../../multimodal/patches/image-processor.ts";
import { imageTensors, type ImageBatch } from "../../multimodal/patches/image-tensors.ts";
import { patchImages } from "../../multimodal/patches/patch-images.ts";
import { parsePreprocessorConfig } from "../../multimodal/patches/preprocessor-config.ts";
import { multimodalPositions } from "../../multimodal/patches/rope-index.ts";
import type { PromptTemplate } from "../../multimodal/prompt.ts";
import type { ImageTensors } from "../../multimodal/token-batch.ts";
import type { Tokenizer } from "../../formats/tokenizer.ts";
import type { DecoderConfig } from "../../nn/decoder-config.ts";
import { parseQwen2VLConfig, toHuggingFaceConfig, type Qwen2VLConfig } from "./config.ts";
import { imageFeatures } from "./image-features.ts";

/** Qwen2-VL. @source Wang et al. 2024, "Qwen2-VL: Enhancing Vision-Language Model's Perception of the World at Any Resolution". */
export const QWEN2_VL: BackboneKind = {
  modelType: "qwen2_vl",
  parse(value, source) {
    const config = parseQwen2VLConfig(value, source);
    return {
      backbone: qwen2VLBackbone(config),
      makeProcessor: ({ tokenizer, preprocessor, file, prompts }) =>
        qwen2VLProcessor(config, { tokenizer, imageProcessor: parsePreprocessorConfig(preprocessor, { file }), prompts }),
    };
  },
};

/** The backbone of a configuration. */
export function qwen2VLBackbone(config: Qwen2VLConfig): Backbone {
  return {
    modelType: "qwen2_vl",
    decoder: decoderConfig(config),
    imageTokenId: config.imageTokenId,
    padTokenId: config.padTokenId,
    maxPositions: config.maxPositions,
    vision: { layerCount: config.vision.depth, width: config.vision.embedDimension, patchSize: config.vision.patchSize },
    visionPrefixes: ["visual."],
    checkpoint: {
      renamed: [
        ["model.language_model.", "model."],
        ["model.visual.", "visual."],
      ],
      adapterNames: [
        ["model.", "model.language_model."],
        ["visual.", "model.visual."],
      ],
      storedShapes: new Map([["visual.patch_embed.proj.weight", patchKernel(config)]]),
    },
    encodeImages: (parameters, options) => ({ features: imageFeatures(parameters, config.vision, options) }),
    toHuggingFaceConfig: () => toHuggingFaceConfig(config),
  };
}

/** What a processor is made of. */
export interface Qwen2VLProcessorParts {
  readonly tokenizer: Tokenizer;
  readonly imageProcessor: ImageProcessorConfig;
  readonly prompts?: PromptTemplate | undefined;
}

/** Inputs to tokens, patches and positions. @throws {ConfigError} if tokenizer, image processor and model do not fit each other. */
export function qwen2VLProcessor(config: Qwen2VLConfig, { tokenizer, imageProcessor, prompts }: Qwen2VLProcessorParts): InputProcessor {
  const { vision } = config;
  checkFit([
    { field: `the id of ${IMAGE_TOKEN}`, got: tokenizer.tokenId(IMAGE_TOKEN), expected: config.imageTokenId },
    { field: "patch_size", got: imageProcessor.patchSize, expected: vision.patchSize },
    { field: "temporal_patch_size", got: imageProcessor.temporalPatchSize, expected: vision.temporalPatchSize },
    { field: "merge_size", got: imageProcessor.mergeSize, expected: vision.spatialMergeSize },
  ]);
  return new InputProcessor({
    backbone: qwen2VLBackbone(config),
    tokenizer,
    images: qwen2VLImages(config, imageProcessor),
    prompts,
    positions: multimodalPositions(config.imageTokenId, imageProcessor),
  });
}

/** The token that stands for a block of patches. */
const IMAGE_TOKEN = "<|image_pad|>";

/** Images as patches. */
export function qwen2VLImages(
  { vision, imageTokenId }: Pick<Qwen2VLConfig, "vision" | "imageTokenId">,
  settings: ImageProcessorConfig,
): ImagePreparer {
  const toTensors = (batch: ImageBatch): ImageTensors | undefined => imageTensors(vision, batch);
  return patchImages({ imageTokenId, settings, processorClass: "Qwen2VLProcessor", toTensors });
}

/** The patch embedding is a matrix in graphs and the kernel of a 3-D convolution in checkpoints. */
function patchKernel({ vision: { embedDimension, inChannels, temporalPatchSize, patchSize } }: Qwen2VLConfig): readonly number[] {
  return [embedDimension, inChannels, temporalPatchSize, patchSize, patchSize];
}

function decoderConfig(config: Qwen2VLConfig): DecoderConfig {
  return {
    ...config,
    attentionBias: true,
    queryKeyNorm: false,
    rotary: { theta: config.ropeTheta, pairAxes: config.ropeSections.flatMap((length, axis) => Array.from({ length }, () => axis)) },
    names: { tokens: "model.embed_tokens", layers: "model.layers", norm: "model.norm", head: "lm_head" },
  };
}
