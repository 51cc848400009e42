import type { Tokenizer } from "../../formats/tokenizer.ts";
import type { Backbone } from "../../multimodal/backbone.ts";
import type { BackboneKind } from "../../multimodal/backbone-kind.ts";
import { checkFit, InputProcessor } from "../../multimodal/input-processor.ts";
import type { ImageProcessorConfig } from "../../multimodal/patches/image-processor.ts";
import { patchImages } from "../../multimodal/patches/patch-images.ts";
import { parsePreprocessorConfig } from "../../multimodal/patches/preprocessor-config.ts";
import { multimodalPositions } from "../../multimodal/patches/rope-index.ts";
import type { PromptTemplate } from "../../multimodal/prompt.ts";
import type { DecoderConfig } from "../../nn/decoder-config.ts";
import { parseQwen3VLConfig, toHuggingFaceConfig, type Qwen3VLConfig } from "./config.ts";
import { imageFeatures, qwen3VLImageTensors } from "./image-features.ts";
import { interleavedAxes } from "./interleaved-axes.ts";
import { QWEN3_VL_PROMPTS } from "./prompts.ts";

/** Qwen3-VL and Qwen3-VL-Embedding, dense. @source Bai et al. 2025, "Qwen3-VL Technical Report". */
export const QWEN3_VL: BackboneKind = {
  modelType: "qwen3_vl",
  parse(value, source) {
    const config = parseQwen3VLConfig(value, source);
    return {
      backbone: qwen3VLBackbone(config),
      makeProcessor: ({ tokenizer, preprocessor, file, prompts }) =>
        qwen3VLProcessor(config, { tokenizer, imageProcessor: parsePreprocessorConfig(preprocessor, { file }), prompts }),
    };
  },
};

/** The backbone of a configuration. */
export function qwen3VLBackbone(config: Qwen3VLConfig): Backbone {
  return {
    modelType: "qwen3_vl",
    decoder: decoderConfig(config),
    imageTokenId: config.imageTokenId,
    padTokenId: config.padTokenId,
    maxPositions: config.maxPositions,
    vision: { layerCount: config.vision.depth, width: config.vision.embedDimension, patchSize: config.vision.patchSize },
    visionPrefixes: ["model.visual."],
    checkpoint: {
      // a model without output layer is saved without the first part; the others are the names of older families
      renamed: [
        ["language_model.", "model.language_model."],
        ["visual.", "model.visual."],
        ...["embed_tokens.", "layers.", "norm."].map((part) => [`model.${part}`, `model.language_model.${part}`] as const),
      ],
      adapterNames: [],
      storedShapes: new Map(),
    },
    encodeImages: (parameters, options) => imageFeatures(parameters, config.vision, options),
    toHuggingFaceConfig: () => toHuggingFaceConfig(config),
  };
}

/** What a processor is made of. */
export interface Qwen3VLProcessorParts {
  readonly tokenizer: Tokenizer;
  readonly imageProcessor: ImageProcessorConfig;
  readonly prompts?: PromptTemplate | undefined;
}

/** Inputs to tokens, patches and positions. @throws {ConfigError} if tokenizer, image processor and model do not fit each other. */
export function qwen3VLProcessor(config: Qwen3VLConfig, { tokenizer, imageProcessor, prompts }: Qwen3VLProcessorParts): InputProcessor {
  const { vision, imageTokenId } = config;
  checkFit([
    { field: `the id of ${IMAGE_TOKEN}`, got: tokenizer.tokenId(IMAGE_TOKEN), expected: imageTokenId },
    { field: "patch_size", got: imageProcessor.patchSize, expected: vision.patchSize },
    { field: "temporal_patch_size", got: imageProcessor.temporalPatchSize, expected: vision.temporalPatchSize },
    { field: "merge_size", got: imageProcessor.mergeSize, expected: vision.spatialMergeSize },
  ]);
  return new InputProcessor({
    backbone: qwen3VLBackbone(config),
    tokenizer,
    images: patchImages({
      imageTokenId,
      settings: imageProcessor,
      processorClass: "Qwen3VLProcessor",
      toTensors: (batch) => qwen3VLImageTensors(vision, batch),
    }),
    prompts,
    usualPrompts: QWEN3_VL_PROMPTS,
    positions: multimodalPositions(imageTokenId, imageProcessor),
  });
}

/** The token that stands for a block of patches. */
const IMAGE_TOKEN = "<|image_pad|>";

function decoderConfig(config: Qwen3VLConfig): DecoderConfig {
  const decoder = "model.language_model";
  return {
    ...config,
    attentionBias: false,
    queryKeyNorm: true,
    rotary: { theta: config.ropeTheta, pairAxes: interleavedAxes(config.ropeSections, config.headDimension / 2) },
    names: { tokens: `${decoder}.embed_tokens`, layers: `${decoder}.layers`, norm: `${decoder}.norm`, head: "lm_head" },
  };
}
