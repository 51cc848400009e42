import type { ImageSize } from "../../../inputs/resize-image.ts";
import { checkRules, rule, type ConfigRule } from "../../multimodal/config-rules.ts";
import type { DecoderConfig } from "../../nn/decoder-config.ts";
import { parseRawConfig, type RawActivation, type RawRoot, type RawText, type RawVision } from "./config-schema.ts";

/** The vision tower of a LLaVA-NeXT model: CLIP's. */
export interface LlavaNextVisionConfig {
  readonly width: number;
  /** Width of a block's inner layer. */
  readonly innerWidth: number;
  /** Number of blocks that the checkpoint has. */
  readonly depth: number;
  readonly headCount: number;
  /** Pixels on a side of a tile. */
  readonly imageSize: number;
  /** Pixels on a side. */
  readonly patchSize: number;
  readonly epsilon: number;
  readonly activation: RawActivation;
}

/** A LLaVA-NeXT (LLaVA-1.6) model: `config.json` of `model_type` "llava_next", with the names of this code. */
export interface LlavaNextConfig {
  readonly decoder: DecoderConfig;
  /** The `model_type` of the decoder. */
  readonly decoderType: "llama" | "mistral";
  readonly imageTokenId: number;
  readonly bosTokenId: number;
  readonly eosTokenId: number;
  readonly padTokenId?: number;
  /** The longest prompt, in tokens: no longer than the decoder's sliding window, as attention is over all tokens here, which is the same up to there. */
  readonly maxPositions: number;
  readonly initializerRange: number;
  /** The sizes, in pixels, whole tiles on both sides, that an image may be resized to; empty if only the base image is looked at. */
  readonly gridPinpoints: readonly ImageSize[];
  /** The block whose output is taken: 0 for what goes into the first; negative ones count from the last, which is -1. */
  readonly featureLayer: number;
  readonly projectorActivation: RawActivation;
  readonly projectorBias: boolean;
  readonly vision: LlavaNextVisionConfig;
}

/** The sizes that LLaVA-1.6 was trained with. @source LLaVA-NeXT reference implementation. */
export const LLAVA_NEXT_PINPOINTS: readonly ImageSize[] = [
  { height: 336, width: 672 },
  { height: 672, width: 336 },
  { height: 672, width: 672 },
  { height: 1008, width: 336 },
  { height: 336, width: 1008 },
];

/** What the reference implementation takes for what a decoder's configuration does not say. */
const DECODER_DEFAULTS = {
  llama: { intermediateSize: 11_008, keyValueHeadCount: undefined, maxPositions: 2048, slidingWindow: null },
  mistral: { intermediateSize: 14_336, keyValueHeadCount: 8, maxPositions: 131_072, slidingWindow: 4096 },
} as const;

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
  const padTokenId = text.pad_token_id ?? root.pad_token_id;
  const eosTokenId = text.eos_token_id ?? 2;
  return {
    decoder: toDecoderConfig(root),
    decoderType: text.model_type,
    imageTokenId: root.image_token_index ?? root.image_token_id ?? 32_000,
    bosTokenId: text.bos_token_id ?? 1,
    eosTokenId: Array.isArray(eosTokenId) ? (eosTokenId[0] as number) : eosTokenId,
    ...(typeof padTokenId === "number" ? { padTokenId } : {}),
    maxPositions: longestPrompt(text),
    initializerRange: text.initializer_range,
    gridPinpoints: root.image_grid_pinpoints?.map(([height, width]) => ({ height, width })) ?? LLAVA_NEXT_PINPOINTS,
    featureLayer: root.vision_feature_layer,
    projectorActivation: root.projector_hidden_act,
    projectorBias: root.multimodal_projector_bias,
    vision: toVisionConfig(vision),
  };
}

function longestPrompt({ model_type: type, max_position_embeddings: positions, sliding_window: window }: RawText): number {
  const { maxPositions, slidingWindow } = DECODER_DEFAULTS[type];
  return Math.min(positions ?? maxPositions, (window === undefined ? slidingWindow : window) ?? Infinity);
}

function toDecoderConfig({ text_config: text, tie_word_embeddings: isTied = false }: RawRoot): DecoderConfig {
  const defaults = DECODER_DEFAULTS[text.model_type];
  const { hidden_size: hiddenSize = 4096, num_attention_heads: headCount = 32, num_key_value_heads: groups } = text;
  const headDimension = text.head_dim ?? hiddenSize / headCount;
  return {
    vocabSize: text.vocab_size ?? 32_000,
    hiddenSize,
    intermediateSize: text.intermediate_size ?? defaults.intermediateSize,
    layerCount: text.num_hidden_layers ?? 32,
    headCount,
    keyValueHeadCount: (groups === undefined ? defaults.keyValueHeadCount : groups) ?? headCount,
    headDimension,
    rmsNormEpsilon: text.rms_norm_eps,
    attentionBias: false,
    queryKeyNorm: false,
    tieWordEmbeddings: isTied || (text.tie_word_embeddings ?? false),
    rotary: {
      theta: text.rope_parameters?.rope_theta ?? text.rope_theta ?? 10_000,
      pairAxes: Array.from({ length: Math.floor(headDimension / 2) }, () => 0),
    },
    names: {
      tokens: "language_model.model.embed_tokens",
      layers: "language_model.model.layers",
      norm: "language_model.model.norm",
      head: "language_model.lm_head",
    },
  };
}

function toVisionConfig(raw: RawVision): LlavaNextVisionConfig {
  return {
    width: raw.hidden_size,
    innerWidth: raw.intermediate_size,
    depth: raw.num_hidden_layers,
    headCount: raw.num_attention_heads,
    imageSize: raw.image_size,
    patchSize: raw.patch_size,
    epsilon: raw.layer_norm_eps,
    activation: raw.hidden_act,
  };
}

/** What ties the fields to each other: heads divide widths, patches tiles, tiles pictures; and what is not computed here. */
function rulesOf(config: LlavaNextConfig, raw: RawRoot): ConfigRule[] {
  const { decoder, vision, featureLayer, imageTokenId, gridPinpoints } = config;
  const { hiddenSize, headCount, keyValueHeadCount, headDimension, vocabSize } = decoder;
  const { imageSize, patchSize } = vision;
  const depth = towerDepth(config);
  const isWhole = ({ height, width }: ImageSize): boolean => height % imageSize === 0 && width % imageSize === 0;
  const ofHeads = `a multiple of num_attention_heads (${headCount})`;
  const odd = gridPinpoints.find((pinpoint) => !isWhole(pinpoint));
  return [
    rule("text_config.hidden_size", hiddenSize, ofHeads, Number.isInteger(headDimension)),
    rule("text_config.head_dim", headDimension, "an even number", headDimension % 2 === 0),
    rule("text_config.num_key_value_heads", keyValueHeadCount, `a divisor of num_attention_heads (${headCount})`, headCount % keyValueHeadCount === 0),
    rule("image_token_id", raw.image_token_id, `image_token_index (${imageTokenId})`, (raw.image_token_id ?? imageTokenId) === imageTokenId),
    rule("image_token_index", imageTokenId, `an id below vocab_size (${vocabSize})`, imageTokenId < vocabSize),
    rule("vision_config.hidden_size", vision.width, `a multiple of num_attention_heads (${vision.headCount})`, vision.width % vision.headCount === 0),
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
    vision_config: {
      model_type: "clip_vision_model",
      hidden_size: vision.width,
      intermediate_size: vision.innerWidth,
      num_hidden_layers: vision.depth,
      num_attention_heads: vision.headCount,
      num_channels: 3,
      image_size: vision.imageSize,
      patch_size: vision.patchSize,
      hidden_act: vision.activation,
      layer_norm_eps: vision.epsilon,
    },
  };
}

function toHuggingFaceTextConfig(config: LlavaNextConfig): Readonly<Record<string, unknown>> {
  const { decoder, decoderType, padTokenId } = config;
  return {
    architectures: [decoderType === "llama" ? "LlamaForCausalLM" : "MistralForCausalLM"],
    model_type: decoderType,
    vocab_size: decoder.vocabSize,
    hidden_size: decoder.hiddenSize,
    intermediate_size: decoder.intermediateSize,
    num_hidden_layers: decoder.layerCount,
    num_attention_heads: decoder.headCount,
    num_key_value_heads: decoder.keyValueHeadCount,
    head_dim: decoder.headDimension,
    hidden_act: "silu",
    rms_norm_eps: decoder.rmsNormEpsilon,
    rope_theta: decoder.rotary.theta,
    max_position_embeddings: config.maxPositions,
    initializer_range: config.initializerRange,
    tie_word_embeddings: decoder.tieWordEmbeddings,
    attention_dropout: 0,
    bos_token_id: config.bosTokenId,
    eos_token_id: config.eosTokenId,
    ...(padTokenId === undefined ? {} : { pad_token_id: padTokenId }),
    ...(decoderType === "mistral" ? { sliding_window: null } : {}),
  };
}
