import type { ImageSize } from "../../../inputs/resize-image.ts";
import { toClipSizes, toHuggingFaceClipTower, towerHeadsRule } from "../../multimodal/config/clip-tower-fields.ts";
import { checkRules, rule, type ConfigRule } from "../../multimodal/config/config-rules.ts";
import { pairedHeadsRule, sharedHeadsRule } from "../../multimodal/config/decoder-fields.ts";
import { toHuggingFaceLlama, toLlamaDecoder } from "../../multimodal/config/llama-decoder.ts";
import { toHuggingFaceTokenIds, toTokenIds, type TokenIds } from "../../multimodal/config/token-ids.ts";
import type { ClipSizes } from "../../nn/clip-tower.ts";
import type { DecoderConfig } from "../../nn/decoder-config.ts";
import type { VisionActivation } from "../../nn/vision-activation.ts";
import { parseRawConfig, type RawRoot, type RawText } from "./config-schema.ts";

/** A LLaVA-NeXT (LLaVA-1.6) model: `config.json` of `model_type` "llava_next", with the names of this code. */
export interface LlavaNextConfig extends TokenIds {
  readonly decoder: DecoderConfig;
  /** The `model_type` of the decoder. */
  readonly decoderType: "llama" | "mistral";
  readonly imageTokenId: number;
  readonly bosTokenId: number;
  readonly eosTokenId: number;
  /** The longest prompt, in tokens: no longer than the decoder's sliding window, as attention is over all tokens here, which is the same up to there. */
  readonly maxPositions: number;
  readonly initializerRange: number;
  /** The sizes, in pixels, whole tiles on both sides, that an image may be resized to; empty if only the base image is looked at. */
  readonly gridPinpoints: readonly ImageSize[];
  /** The block whose output is taken: 0 for what goes into the first; negative ones count from the last, which is -1. */
  readonly featureLayer: number;
  readonly projectorActivation: VisionActivation;
  readonly projectorBias: boolean;
  /** CLIP's, with all the blocks that the checkpoint has, for tiles of `imageSize`. */
  readonly vision: ClipSizes;
}

/** The sizes that LLaVA-1.6 was trained with. @source LLaVA-NeXT reference implementation. */
export const LLAVA_NEXT_PINPOINTS: readonly ImageSize[] = [
  { height: 336, width: 672 },
  { height: 672, width: 336 },
  { height: 672, width: 672 },
  { height: 1008, width: 336 },
  { height: 336, width: 1008 },
];

/** Blocks of the tower that are run: those up to the one whose output is taken. */
export function towerDepth({ featureLayer, vision: { depth } }: Pick<LlavaNextConfig, "featureLayer" | "vision">): number {
  return featureLayer < 0 ? depth + 1 + featureLayer : featureLayer;
}

/**
 * Parses Hugging Face's `config.json`.
 * @throws {ConfigError} naming file, field, what is there, what was expected and for an unknown field the nearest known one.
 */
export function parseLlavaNextConfig(value: unknown, { file }: { file: string }): LlavaNextConfig {
  const raw = parseRawConfig(value, { file });
  const config = toConfig(raw);
  checkRules(rulesOf(config, raw), { file });
  return config;
}

function toConfig(root: RawRoot): LlavaNextConfig {
  const { text_config: text, vision_config: vision } = root;
  const isTied = root.tie_word_embeddings ?? false;
  return {
    decoder: toLlamaDecoder(text, { module: "language_model.model", head: "language_model.lm_head", isTied }),
    decoderType: text.model_type,
    imageTokenId: root.image_token_index ?? root.image_token_id ?? 32_000,
    bosTokenId: 1,
    eosTokenId: 2,
    ...toTokenIds({ ...text, pad_token_id: text.pad_token_id ?? root.pad_token_id }),
    maxPositions: longestPrompt(text),
    initializerRange: text.initializer_range,
    gridPinpoints: root.image_grid_pinpoints?.map(([height, width]) => ({ height, width })) ?? LLAVA_NEXT_PINPOINTS,
    featureLayer: root.vision_feature_layer,
    projectorActivation: root.projector_hidden_act,
    projectorBias: root.multimodal_projector_bias,
    vision: toClipSizes(vision),
  };
}

function longestPrompt({ max_position_embeddings: positions, sliding_window: window }: RawText): number {
  return Math.min(positions, window ?? Infinity);
}

/** What ties the fields to each other: heads divide widths, patches tiles, tiles pictures; and what is not computed here. */
function rulesOf(config: LlavaNextConfig, raw: RawRoot): ConfigRule[] {
  const { decoder, vision, featureLayer, imageTokenId, gridPinpoints } = config;
  const { hiddenSize, headCount, headDimension, vocabSize } = decoder;
  const { imageSize, patchSize } = vision;
  const depth = towerDepth(config);
  const isWhole = ({ height, width }: ImageSize): boolean => height % imageSize === 0 && width % imageSize === 0;
  const ofHeads = `a multiple of num_attention_heads (${headCount})`;
  const odd = gridPinpoints.find((pinpoint) => !isWhole(pinpoint));
  return [
    rule("text_config.hidden_size", hiddenSize, ofHeads, Number.isInteger(headDimension)),
    pairedHeadsRule(decoder),
    sharedHeadsRule(decoder, "text_config"),
    rule("image_token_id", raw.image_token_id, `image_token_index (${imageTokenId})`, (raw.image_token_id ?? imageTokenId) === imageTokenId),
    rule("image_token_index", imageTokenId, `an id below vocab_size (${vocabSize})`, imageTokenId < vocabSize),
    towerHeadsRule(vision),
    rule("vision_config.image_size", imageSize, `a multiple of patch_size (${patchSize})`, imageSize % patchSize === 0),
    rule("vision_feature_layer", featureLayer, `a layer from ${-vision.depth - 1} to ${vision.depth}`, depth >= 0 && depth <= vision.depth),
    rule("image_grid_pinpoints", odd && [odd.height, odd.width], `sizes of whole tiles of ${imageSize} pixels`, odd === undefined),
  ]; // prettier-ignore
}

/** The `config.json` that `transformers` 4.39 and later load. */
export function toHuggingFaceConfig(config: LlavaNextConfig): Readonly<Record<string, unknown>> {
  const { vision } = config;
  return {
    architectures: ["LlavaNextForConditionalGeneration"],
    model_type: "llava_next",
    image_token_index: config.imageTokenId,
    image_grid_pinpoints: config.gridPinpoints.map(({ height, width }) => [height, width]),
    image_seq_length: (vision.imageSize / vision.patchSize) ** 2,
    projector_hidden_act: config.projectorActivation,
    multimodal_projector_bias: config.projectorBias,
    vision_feature_layer: config.featureLayer,
    vision_feature_select_strategy: "default",
    tie_word_embeddings: config.decoder.tieWordEmbeddings,
    text_config: toHuggingFaceTextConfig(config),
    vision_config: { model_type: "clip_vision_model", ...toHuggingFaceClipTower(vision) },
  };
}

function toHuggingFaceTextConfig(config: LlavaNextConfig): Readonly<Record<string, unknown>> {
  const { decoder, decoderType } = config;
  return {
    architectures: [decoderType === "llama" ? "LlamaForCausalLM" : "MistralForCausalLM"],
    model_type: decoderType,
    ...toHuggingFaceLlama(config),
    tie_word_embeddings: decoder.tieWordEmbeddings,
    attention_dropout: 0,
    ...toHuggingFaceTokenIds(config),
    ...(decoderType === "mistral" ? { sliding_window: null } : {}),
  };
}
