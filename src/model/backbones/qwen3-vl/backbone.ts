import { summaryOf, type Backbone } from "../../multimodal/backbone.ts";
import { backboneKind, type BackboneKind, type BackboneProcessorParts } from "../../multimodal/backbone-kind.ts";
import type { InputProcessor } from "../../multimodal/input-processor.ts";
import type { ImageProcessorConfig } from "../../multimodal/patches/image-processor.ts";
import { patchImages } from "../../multimodal/patches/patch-images.ts";
import { patchProcessor } from "../../multimodal/patches/patch-processor.ts";
import { parsePreprocessorConfig } from "../../multimodal/patches/preprocessor-config.ts";
import { decoderNames, type DecoderConfig } from "../../nn/decoder-config.ts";
import { parseQwen3VLConfig, toHuggingFaceConfig, type Qwen3VLConfig } from "./config.ts";
import { imageFeatures, qwen3VLImageTensors } from "./image-features.ts";
import { interleavedAxes } from "./interleaved-axes.ts";
import { QWEN3_VL_PROMPTS } from "./prompts.ts";

/** Qwen3-VL and Qwen3-VL-Embedding, dense. @source Bai et al. 2025, "Qwen3-VL Technical Report". */
export const QWEN3_VL: BackboneKind = backboneKind({
  modelType: "qwen3_vl",
  parseConfig: parseQwen3VLConfig,
  toBackbone: qwen3VLBackbone,
  parsePreprocessor: parsePreprocessorConfig,
  toProcessor: qwen3VLProcessor,
});

/** The backbone of a configuration. */
export function qwen3VLBackbone(config: Qwen3VLConfig): Backbone {
  return {
    modelType: "qwen3_vl",
    decoder: decoderConfig(config),
    ...summaryOf(config, config.vision.embedDimension),
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

/** Inputs to tokens, patches and positions. @throws {ConfigError} if tokenizer, image processor and model do not fit each other. */
export function qwen3VLProcessor(config: Qwen3VLConfig, parts: BackboneProcessorParts<ImageProcessorConfig>): InputProcessor {
  const images = patchImages({
    imageTokenId: config.imageTokenId,
    settings: parts.imageProcessor,
    processorClass: "Qwen3VLProcessor",
    toTensors: (batch) => qwen3VLImageTensors(config.vision, batch),
  });
  return patchProcessor({ config, backbone: qwen3VLBackbone(config), images, usualPrompts: QWEN3_VL_PROMPTS }, parts);
}

function decoderConfig(config: Qwen3VLConfig): DecoderConfig {
  return {
    ...config,
    attentionBias: false,
    queryKeyNorm: true,
    rotary: { theta: config.ropeTheta, pairAxes: interleavedAxes(config.ropeSections, config.headDimension / 2) },
    names: decoderNames("model.language_model", "lm_head"),
  };
}
