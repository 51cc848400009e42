import { summaryOf, type Backbone } from "../../multimodal/backbone.ts";
import { backboneKind, type BackboneKind, type BackboneProcessorParts } from "../../multimodal/backbone-kind.ts";
import { checkFit, InputProcessor, tokenFit, type FitRule } from "../../multimodal/input-processor.ts";
import type { PromptTemplate } from "../../multimodal/prompt.ts";
import { parseLlavaNextConfig, towerDepth, toHuggingFaceConfig, type LlavaNextConfig } from "./config.ts";
import { imageFeatures } from "./image-features.ts";
import { llavaNextImages } from "./image-preparer.ts";
import { parsePreprocessorConfig, type ImageProcessorConfig } from "./preprocessor-config.ts";

/** LLaVA-NeXT, also called LLaVA-1.6. @source Liu et al. 2024, "LLaVA-NeXT: Improved reasoning, OCR, and world knowledge". */
export const LLAVA_NEXT: BackboneKind = backboneKind({
  modelType: "llava_next",
  parseConfig: parseLlavaNextConfig,
  toBackbone: llavaNextBackbone,
  parsePreprocessor: (value, { file }, { vision: { patchSize } }) => parsePreprocessorConfig(value, { file, patchSize }),
  toProcessor: llavaNextProcessor,
});

/** How inputs are laid out for tokenizers of Llama's kind: each part is words of its own. */
export const LLAVA_NEXT_PROMPTS: PromptTemplate = {
  start: "<s>",
  image: "{image}",
  instruction: "{instruction}",
  text: "{text}",
  end: "</s>",
  answer: "{answer}</s>",
};

/** The backbone of a configuration. */
export function llavaNextBackbone(config: LlavaNextConfig): Backbone {
  return {
    modelType: "llava_next",
    decoder: config.decoder,
    ...summaryOf(config, config.vision.width),
    visionPrefixes: ["vision_tower.", "multi_modal_projector.", "image_newline"],
    checkpoint: {
      renamed: [
        ["model.language_model.", "language_model.model."],
        ["lm_head.", "language_model.lm_head."],
        ["model.vision_tower.vision_model.", TOWER],
        ["model.vision_tower.", TOWER],
        [TOWER, TOWER],
        ["vision_tower.", TOWER],
        ["model.multi_modal_projector.", "multi_modal_projector."],
        ["model.image_newline", "image_newline"],
      ],
      adapterNames: [
        ["language_model.model.", "model.language_model."],
        ["language_model.lm_head.", "lm_head."],
        [TOWER, "model.vision_tower."],
        ["multi_modal_projector.", "model.multi_modal_projector."],
      ],
      storedShapes: new Map(),
      unused: unusedBlocks(config),
    },
    encodeImages: (parameters, options) => ({ features: imageFeatures(parameters, config, options) }),
    toHuggingFaceConfig: () => toHuggingFaceConfig(config),
  };
}

const TOWER = "vision_tower.vision_model.";

/** Blocks of the tower behind the one whose output is taken. */
function unusedBlocks(config: LlavaNextConfig): string[] {
  const run = towerDepth(config);
  const blocks = Array.from({ length: config.vision.depth - run }, (_, block) => `${TOWER}encoder.layers.${run + block}.`);
  return [...blocks, `${TOWER}post_layernorm.`];
}

/** Inputs to tokens and tiles. @throws {ConfigError} if tokenizer, image processor and model do not fit each other. */
export function llavaNextProcessor(config: LlavaNextConfig, parts: BackboneProcessorParts<ImageProcessorConfig>): InputProcessor {
  const { tokenizer, imageProcessor, prompts } = parts;
  checkFit([
    tokenFit(tokenizer, IMAGE_TOKEN, config.imageTokenId),
    { field: "the size of a tile", got: imageProcessor.tileSize, expected: config.vision.imageSize },
    ...pinpointRules(config, imageProcessor),
  ]);
  const images = llavaNextImages(config.imageTokenId, imageProcessor);
  return new InputProcessor({ backbone: llavaNextBackbone(config), tokenizer, images, prompts, usualPrompts: LLAVA_NEXT_PROMPTS });
}

/** The token that stands for a part of an image. */
const IMAGE_TOKEN = "<image>";

/** An image processor may use fewer pinpoints than the model has, or none, but no others. */
function pinpointRules(config: LlavaNextConfig, { gridPinpoints }: ImageProcessorConfig): FitRule[] {
  const known = config.gridPinpoints.map(({ width, height }) => `${width} x ${height}`);
  const others = gridPinpoints.map(({ width, height }) => `${width} x ${height}`).filter((pinpoint) => !known.includes(pinpoint));
  return others.map((got) => ({ field: "one of image_grid_pinpoints", got, expected: `only ${known.join(", ") || "the base image"}` }));
}
