import { summaryOf, type Backbone } from "../../multimodal/backbone.ts";
import { backboneKind, type BackboneKind, type BackboneProcessorParts } from "../../multimodal/backbone-kind.ts";
import type { InputProcessor } from "../../multimodal/input-processor.ts";
import type { ImagePreparer } from "../../multimodal/image-preparer.ts";
import type { ImageProcessorConfig } from "../../multimodal/patches/image-processor.ts";
import { imageTensors, type ImageBatch } from "../../multimodal/patches/image-tensors.ts";
import { patchShape } from "../../multimodal/patches/patch-grid.ts";
import { patchImages } from "../../multimodal/patches/patch-images.ts";
import { patchProcessor } from "../../multimodal/patches/patch-processor.ts";
import { parsePreprocessorConfig } from "../../multimodal/patches/preprocessor-config.ts";
import type { ImageTensors } from "../../multimodal/token-batch.ts";
import { decoderNames, type DecoderConfig } from "../../nn/decoder-config.ts";
import { parseQwen2VLConfig, toHuggingFaceConfig, type Qwen2VLConfig } from "./config.ts";
import { imageFeatures } from "./image-features.ts";

/** Qwen2-VL. @source Wang et al. 2024, "Qwen2-VL: Enhancing Vision-Language Model's Perception of the World at Any Resolution". */
export const QWEN2_VL: BackboneKind = backboneKind({
  modelType: "qwen2_vl",
  parseConfig: parseQwen2VLConfig,
  toBackbone: qwen2VLBackbone,
  parsePreprocessor: parsePreprocessorConfig,
  toProcessor: qwen2VLProcessor,
});

/** The backbone of a configuration. */
export function qwen2VLBackbone(config: Qwen2VLConfig): Backbone {
  return {
    modelType: "qwen2_vl",
    decoder: decoderConfig(config),
    ...summaryOf(config, config.vision.embedDimension),
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
      storedShapes: new Map([["visual.patch_embed.proj.weight", [config.vision.embedDimension, ...patchShape(config.vision)]]]),
    },
    encodeImages: (parameters, options) => ({ features: imageFeatures(parameters, config.vision, options) }),
    toHuggingFaceConfig: () => toHuggingFaceConfig(config),
  };
}

/** Inputs to tokens, patches and positions. @throws {ConfigError} if tokenizer, image processor and model do not fit each other. */
export function qwen2VLProcessor(config: Qwen2VLConfig, parts: BackboneProcessorParts<ImageProcessorConfig>): InputProcessor {
  return patchProcessor({ config, backbone: qwen2VLBackbone(config), images: qwen2VLImages(config, parts.imageProcessor) }, parts);
}

/** Images as patches. */
export function qwen2VLImages(
  { vision, imageTokenId }: Pick<Qwen2VLConfig, "vision" | "imageTokenId">,
  settings: ImageProcessorConfig,
): ImagePreparer {
  const toTensors = (batch: ImageBatch): ImageTensors | undefined => imageTensors(vision, batch);
  return patchImages({ imageTokenId, settings, processorClass: "Qwen2VLProcessor", toTensors });
}

function decoderConfig(config: Qwen2VLConfig): DecoderConfig {
  return {
    ...config,
    attentionBias: true,
    queryKeyNorm: false,
    rotary: { theta: config.ropeTheta, pairAxes: config.ropeSections.flatMap((length, axis) => Array.from({ length }, () => axis)) },
    names: decoderNames("model", "lm_head"),
  };
}
