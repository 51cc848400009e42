import { readJsonFile } from "../../../files/json-file.ts";
import { checkModelType, checkRules, rule, tokenRules, type ConfigRule } from "../../multimodal/config-rules.ts";
import type { VisionActivation } from "../../nn/rotary-vision-block.ts";
import { parseRawConfig, type RawRoot, type RawText, type RawVision } from "./config-schema.ts";

/** The vision transformer of a Qwen2-VL model. */
export interface Qwen2VLVisionConfig {
  /** Width of the vision transformer. */
  readonly embedDimension: number;
  /** Number of blocks. */
  readonly depth: number;
  readonly headCount: number;
  /** Width of a block's inner layer, as a multiple of `embedDimension`. */
  readonly mlpRatio: number;
  /** Width of what the patch merger gives: the decoder's `hiddenSize`. */
  readonly hiddenSize: number;
  /** Pixels on a side. */
  readonly patchSize: number;
  /** Frames; a still image is repeated that often. */
  readonly temporalPatchSize: number;
  /** Patches on a side that become one token. */
  readonly spatialMergeSize: number;
  readonly inChannels: number;
  readonly hiddenActivation: VisionActivation;
}

/** A Qwen2-VL model: `config.json` of `model_type` "qwen2_vl", with the names of this code. */
export interface Qwen2VLConfig {
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layerCount: number;
  readonly headCount: number;
  readonly keyValueHeadCount: number;
  /** `hiddenSize / headCount`. */
  readonly headDimension: number;
  readonly rmsNormEpsilon: number;
  readonly ropeTheta: number;
  /** Rotary pairs turned by the temporal, height and width position; their sum is `headDimension / 2`. */
  readonly ropeSections: readonly [number, number, number];
  readonly tieWordEmbeddings: boolean;
  readonly imageTokenId: number;
  readonly videoTokenId: number;
  readonly visionStartTokenId: number;
  readonly visionEndTokenId: number;
  readonly eosTokenId: number;
  readonly padTokenId?: number;
  readonly maxPositions: number;
  readonly initializerRange: number;
  readonly vision: Qwen2VLVisionConfig;
}

/** Reads and checks a `config.json`. @throws {FileError} @throws {ConfigError} as {@link parseQwen2VLConfig}. */
export async function readQwen2VLConfig(file: string): Promise<Qwen2VLConfig> {
  return parseQwen2VLConfig(await readJsonFile(file), { file });
}

/**
 * Parses Hugging Face's `config.json`, flat (transformers 4) or with `text_config` (transformers 5).
 * @throws {ConfigError} naming file, field, what is there, what was expected and for an unknown field the nearest known one.
 */
export function parseQwen2VLConfig(value: unknown, { file }: { file: string }): Qwen2VLConfig {
  checkModelType(value, "qwen2_vl", { file });
  const { root, text } = parseRawConfig(value, { file });
  const config = toConfig(root, text);
  checkRules(rulesOf(config), { file });
  return config;
}

function toConfig(root: RawRoot, text: RawText): Qwen2VLConfig {
  const rope = text.rope_scaling ?? text.rope_parameters;
  const padTokenId = text.pad_token_id ?? root.pad_token_id;
  const eosTokenId = text.eos_token_id ?? root.eos_token_id ?? 151_645;
  return {
    vocabSize: text.vocab_size,
    hiddenSize: text.hidden_size,
    intermediateSize: text.intermediate_size,
    layerCount: text.num_hidden_layers,
    headCount: text.num_attention_heads,
    keyValueHeadCount: text.num_key_value_heads ?? text.num_attention_heads,
    headDimension: text.hidden_size / text.num_attention_heads,
    rmsNormEpsilon: text.rms_norm_eps,
    ropeTheta: rope?.rope_theta ?? text.rope_theta ?? 1_000_000,
    ropeSections: rope?.mrope_section ?? [16, 24, 24],
    tieWordEmbeddings: (root.tie_word_embeddings ?? false) || (text.tie_word_embeddings ?? false),
    imageTokenId: root.image_token_id,
    videoTokenId: root.video_token_id,
    visionStartTokenId: root.vision_start_token_id,
    visionEndTokenId: root.vision_end_token_id,
    eosTokenId: Array.isArray(eosTokenId) ? (eosTokenId[0] as number) : eosTokenId,
    ...(typeof padTokenId === "number" ? { padTokenId } : {}),
    maxPositions: text.max_position_embeddings,
    initializerRange: text.initializer_range,
    vision: toVisionConfig(root.vision_config),
  };
}

function toVisionConfig(raw: RawVision): Qwen2VLVisionConfig {
  return {
    embedDimension: raw.embed_dim,
    depth: raw.depth,
    headCount: raw.num_heads,
    mlpRatio: raw.mlp_ratio,
    hiddenSize: raw.hidden_size,
    patchSize: raw.patch_size,
    temporalPatchSize: raw.temporal_patch_size,
    spatialMergeSize: raw.spatial_merge_size,
    inChannels: raw.in_channels,
    hiddenActivation: raw.hidden_act,
  };
}

/** What ties the fields to each other: heads divide widths, rotary sections fill a head, special tokens lie in the vocabulary. */
function rulesOf(config: Qwen2VLConfig): ConfigRule[] {
  const { hiddenSize, headCount, keyValueHeadCount, headDimension, ropeSections, vision } = config;
  const rotaryPairs = ropeSections[0] + ropeSections[1] + ropeSections[2];
  const visionHead = vision.embedDimension / vision.headCount;
  const innerWidth = vision.embedDimension * vision.mlpRatio;
  return [
    rule("hidden_size", hiddenSize, `a multiple of num_attention_heads (${headCount})`, hiddenSize % headCount === 0),
    rule("hidden_size", hiddenSize, `an even number per head (${headCount} heads)`, headDimension % 2 === 0),
    rule("num_key_value_heads", keyValueHeadCount, `a divisor of num_attention_heads (${headCount})`, headCount % keyValueHeadCount === 0),
    rule("mrope_section", ropeSections, `a sum of half a head's width (${headDimension / 2})`, rotaryPairs * 2 === headDimension),
    rule("vision_config.hidden_size", vision.hiddenSize, `hidden_size (${hiddenSize})`, vision.hiddenSize === hiddenSize),
    rule("vision_config.embed_dim", vision.embedDimension, `a multiple of 4 per head (${vision.headCount} heads)`, visionHead % 4 === 0),
    rule("vision_config.mlp_ratio", vision.mlpRatio, "a whole number of inner units", Number.isInteger(innerWidth)),
    ...tokenRules(
      config.vocabSize,
      ["image_token_id", config.imageTokenId],
      [
        ["video_token_id", config.videoTokenId],
        ["vision_start_token_id", config.visionStartTokenId],
        ["vision_end_token_id", config.visionEndTokenId],
      ],
    ),
  ];
}

/** The `config.json` that `transformers` 4.45 and later load: flat, as the published Qwen2-VL checkpoints have it. */
export function toHuggingFaceConfig(config: Qwen2VLConfig): Readonly<Record<string, unknown>> {
  return {
    architectures: ["Qwen2VLForConditionalGeneration"],
    model_type: "qwen2_vl",
    vocab_size: config.vocabSize,
    hidden_size: config.hiddenSize,
    intermediate_size: config.intermediateSize,
    num_hidden_layers: config.layerCount,
    num_attention_heads: config.headCount,
    num_key_value_heads: config.keyValueHeadCount,
    hidden_act: "silu",
    rms_norm_eps: config.rmsNormEpsilon,
    rope_theta: config.ropeTheta,
    rope_scaling: { type: "mrope", mrope_section: [...config.ropeSections] },
    max_position_embeddings: config.maxPositions,
    initializer_range: config.initializerRange,
    tie_word_embeddings: config.tieWordEmbeddings,
    use_sliding_window: false,
    attention_dropout: 0,
    bos_token_id: config.eosTokenId,
    eos_token_id: config.eosTokenId,
    ...(config.padTokenId === undefined ? {} : { pad_token_id: config.padTokenId }),
    image_token_id: config.imageTokenId,
    video_token_id: config.videoTokenId,
    vision_start_token_id: config.visionStartTokenId,
    vision_end_token_id: config.visionEndTokenId,
    vision_config: toHuggingFaceVisionConfig(config.vision),
  };
}

function toHuggingFaceVisionConfig(vision: Qwen2VLVisionConfig): Readonly<Record<string, unknown>> {
  return {
    model_type: "qwen2_vl",
    embed_dim: vision.embedDimension,
    depth: vision.depth,
    num_heads: vision.headCount,
    mlp_ratio: vision.mlpRatio,
    hidden_size: vision.hiddenSize,
    hidden_act: vision.hiddenActivation,
    patch_size: vision.patchSize,
    temporal_patch_size: vision.temporalPatchSize,
    spatial_merge_size: vision.spatialMergeSize,
    in_channels: vision.inChannels,
  };
}
