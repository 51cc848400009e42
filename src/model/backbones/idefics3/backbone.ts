import type { Tokenizer } from "../../formats/tokenizer.ts";
import { summaryOf, type Backbone } from "../../multimodal/backbone.ts";
import { backboneKind, type BackboneKind, type BackboneProcessorParts } from "../../multimodal/backbone-kind.ts";
import { checkFit, InputProcessor, tokenFit } from "../../multimodal/input-processor.ts";
import type { PromptTemplate } from "../../multimodal/prompt.ts";
import { parseIdefics3Config, toHuggingFaceConfig, type Idefics3Config } from "./config.ts";
import { idefics3Images, tileGrid } from "./image-preparer.ts";
import { IMAGE_TOKEN, TILE_TOKEN } from "./image-tokens.ts";
import { parsePreprocessorConfig, type ImageProcessorConfig } from "./preprocessor-config.ts";
import { imageFeatures, VISION_PREFIXES } from "./vision-tower.ts";

/** Idefics3. @source Laurençon et al. 2024, "Building and better understanding vision-language models: insights and future directions". */
export const IDEFICS3: BackboneKind = kind("idefics3");

/** SmolVLM 2; the first SmolVLM's checkpoints say `idefics3`. @source Marafioti et al. 2025, "SmolVLM: Redefining small and efficient multimodal models". */
export const SMOLVLM: BackboneKind = kind("smolvlm");

function kind(modelType: Idefics3Config["modelType"]): BackboneKind {
  return backboneKind({
    modelType,
    parseConfig: parseIdefics3Config,
    toBackbone: idefics3Backbone,
    parsePreprocessor: parsePreprocessorConfig,
    toProcessor: idefics3Processor,
  });
}

/** The backbone of a configuration. */
export function idefics3Backbone(config: Idefics3Config): Backbone {
  return {
    modelType: config.modelType,
    decoder: config.decoder,
    ...summaryOf(config, config.vision.width),
    visionPrefixes: VISION_PREFIXES,
    checkpoint: {
      renamed: ["text_model.", "vision_model.", "connector."].map((name) => [name, `model.${name}`] as const), // of the model without its output layer
      adapterNames: [],
      storedShapes: new Map(),
    },
    encodeImages: (parameters, options) => ({ features: imageFeatures(parameters, config, options) }),
    toHuggingFaceConfig: () => toHuggingFaceConfig(config),
  };
}

/** Inputs to tokens and tiles. @throws {ConfigError} if tokenizer, image processor and model do not fit each other. */
export function idefics3Processor(config: Idefics3Config, parts: BackboneProcessorParts<ImageProcessorConfig>): InputProcessor {
  const { tokenizer, imageProcessor, prompts } = parts;
  const { perSide, blockSize } = tileGrid(config, imageProcessor.tileSize);
  tokenizer.tokenId(TILE_TOKEN);
  checkFit([
    tokenFit(tokenizer, IMAGE_TOKEN, config.imageTokenId),
    {
      field: "max_image_size",
      got: imageProcessor.tileSize,
      expected:
        perSide > 0 && perSide % blockSize === 0
          ? imageProcessor.tileSize
          : `a size of whole blocks of ${blockSize} patches of ${config.vision.patchSize}`,
    },
  ]);
  return new InputProcessor({
    backbone: idefics3Backbone(config),
    tokenizer,
    images: idefics3Images({ config, tokenizer, settings: imageProcessor }),
    prompts,
    usualPrompts: defaultPrompts(tokenizer),
  });
}

/** What a conversation begins with, in the vocabularies of SmolLM2 and of Llama 3. */
const STARTS = ["<|im_start|>", "<|begin_of_text|>"];

/** The layout of a conversation as the published models were trained with it: a user's turn, its end, and then the answer. */
function defaultPrompts({ specialTokens }: Tokenizer): PromptTemplate {
  return {
    start: `${STARTS.find((token) => specialTokens.has(token)) ?? ""}User:`,
    image: "{image}",
    instruction: "{instruction}\n",
    text: "{text}",
    end: "<end_of_utterance>",
    answer: "<end_of_utterance>\nAssistant:{answer}<end_of_utterance>",
  };
}
