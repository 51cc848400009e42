import { checkModelType, checkRules, rule, tokenRules, type ConfigRule, type TokenField } from "../../multimodal/config-rules.ts";
import type { PatchVisionConfig } from "../../multimodal/patches/patch-grid.ts";
import type { VisionActivation } from "../../nn/rotary-vision-block.ts";
import { parseRawConfig, type RawConfig, type RawVision } from "./config-schema.ts";
import { interleavedAxes } from "./interleaved-axes.ts";

/** The vision transformer of a Qwen3-VL model. */
export interface Qwen3VLVisionConfig extends PatchVisionConfig {
  /** Number of blocks. */
  readonly depth: number;
  /** Width of a block's inner layer. */
  readonly innerDimension: number;
  /** Width of what the patch mergers give: the decoder's `hiddenSize`. */
  readonly hiddenSize: number;
  readonly hiddenActivation: VisionActivation;
  /** Rows, and columns, of the grid of learned position embeddings. */
  readonly positionsPerSide: number;
  /** Blocks whose output is also given to the decoder, each through the merger of its place in this list. */
  readonly deepstackBlocks: readonly number[];
}

/** A Qwen3-VL model: `config.json` of `model_type` "qwen3_vl", with the names of this code. */
export interface Qwen3VLConfig {
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layerCount: number;
  readonly headCount: number;
  readonly keyValueHeadCount: number;
  /** Width of one head; heads together may be wider or narrower than `hiddenSize`. */
  readonly headDimension: number;
  readonly rmsNormEpsilon: number;
  readonly ropeTheta: number;
  /** Rotary pairs turned by the temporal, height and width position, interleaved; their sum is `headDimension / 2`. */
  readonly ropeSections: readonly [number, number, number];
  readonly tieWordEmbeddings: boolean;
  readonly imageTokenId: number;
  readonly videoTokenId: number;
  readonly visionStartTokenId: number;
  readonly visionEndTokenId: number;
  readonly bosTokenId?: number;
  readonly eosTokenId?: number;
  readonly padTokenId?: number;
  readonly maxPositions: number;
  readonly initializerRange: number;
  readonly vision: Qwen3VLVisionConfig;
}

/**
 * Parses Hugging Face's `config.json`, of transformers 4 or 5.
 * @throws {ConfigError} naming file, field, what is there, what was expected and for an unknown field the nearest known one.
 */
export function parseQwen3VLConfig(value: unknown, { file }: { file: string }): Qwen3VLConfig {
  checkModelType(value, "qwen3_vl", { file });
  const config = toConfig(parseRawConfig(value, { file }));
  checkRules(rulesOf(config), { file });
  return config;
}

function toConfig(root: RawConfig): Qwen3VLConfig {
  const { text_config: text } = root;
  const rope = text.rope_parameters ?? text.rope_scaling;
  return {
    vocabSize: text.vocab_size,
    hiddenSize: text.hidden_size,
    intermediateSize: text.intermediate_size,
    layerCount: text.num_hidden_layers,
    headCount: text.num_attention_heads,
    keyValueHeadCount: text.num_key_value_heads ?? text.num_attention_heads,
    headDimension: text.head_dim,
    rmsNormEpsilon: text.rms_norm_eps,
    ropeTheta: rope?.rope_theta ?? text.rope_theta ?? 500_000,
    ropeSections: rope?.mrope_section ?? [24, 20, 20],
    tieWordEmbeddings: root.tie_word_embeddings ?? text.tie_word_embeddings ?? false,
    imageTokenId: root.image_token_id,
    videoTokenId: root.video_token_id,
    visionStartTokenId: root.vision_start_token_id,
    visionEndTokenId: root.vision_end_token_id,
    ...idField("bosTokenId", text.bos_token_id ?? root.bos_token_id),
    ...idField("eosTokenId", text.eos_token_id ?? root.eos_token_id),
    ...idField("padTokenId", text.pad_token_id ?? root.pad_token_id),
    maxPositions: text.max_position_embeddings,
    initializerRange: text.initializer_range,
    vision: toVisionConfig(root.vision_config),
  };
}

/** The field if there is an id for it; of several the first. */
function idField<Name extends string>(name: Name, id: number | readonly number[] | null | undefined): { readonly [name in Name]?: number } {
  const first = typeof id === "object" ? id?.[0] : id;
  return (first === undefined ? {} : { [name]: first }) as { readonly [name in Name]?: number };
}

function toVisionConfig(raw: RawVision): Qwen3VLVisionConfig {
  return {
    embedDimension: raw.hidden_size,
    depth: raw.depth,
    headCount: raw.num_heads,
    innerDimension: raw.intermediate_size,
    hiddenSize: raw.out_hidden_size,
    patchSize: raw.patch_size,
    temporalPatchSize: raw.temporal_patch_size,
    spatialMergeSize: raw.spatial_merge_size,
    inChannels: raw.in_channels,
    hiddenActivation: raw.hidden_act,
    positionsPerSide: Math.sqrt(raw.num_position_embeddings),
    deepstackBlocks: raw.deepstack_visual_indexes,
  };
}

/** What ties the fields to each other: heads divide widths, rotary sections fill a head, special tokens lie in the vocabulary. */
function rulesOf(config: Qwen3VLConfig): ConfigRule[] {
  const { headCount, keyValueHeadCount, headDimension, ropeSections } = config;
  const half = headDimension / 2;
  const axes = interleavedAxes(ropeSections, half);
  const isFilled = ropeSections.every((section, axis) => axes.filter((other) => other === axis).length === section);
  return [
    rule("text_config.num_key_value_heads", keyValueHeadCount, `a divisor of num_attention_heads (${headCount})`, headCount % keyValueHeadCount === 0),
    rule("text_config.head_dim", headDimension, "an even number", headDimension % 2 === 0),
    rule("mrope_section", ropeSections, `three parts of half a head's width (${half}) that can be interleaved`, isFilled),
    ...visionRules(config),
    ...tokenRules(config.vocabSize, ["image_token_id", config.imageTokenId], otherTokens(config)),
  ]; // prettier-ignore
}

function visionRules({ vision, hiddenSize, layerCount }: Qwen3VLConfig): ConfigRule[] {
  const { headCount, positionsPerSide: side, deepstackBlocks: deep } = vision;
  const areBlocks = deep.every((block, place) => block < vision.depth && deep.indexOf(block) === place);
  const named = (name: string): string => `vision_config.${name}`;
  return [
    rule(named("out_hidden_size"), vision.hiddenSize, `text_config.hidden_size (${hiddenSize})`, vision.hiddenSize === hiddenSize),
    rule(named("hidden_size"), vision.embedDimension, `a multiple of 4 per head (${headCount} heads)`, (vision.embedDimension / headCount) % 4 === 0),
    rule(named("num_position_embeddings"), side ** 2, "a square number", Number.isInteger(side)),
    rule(named("deepstack_visual_indexes"), deep, `different blocks below depth (${vision.depth})`, areBlocks),
    rule(named("deepstack_visual_indexes"), deep, `no more than the decoder has layers (${layerCount})`, deep.length <= layerCount),
  ]; // prettier-ignore
}

function otherTokens(config: Qwen3VLConfig): TokenField[] {
  return [
    ["video_token_id", config.videoTokenId],
    ["vision_start_token_id", config.visionStartTokenId],
    ["vision_end_token_id", config.visionEndTokenId],
  ];
}

/** The `config.json` that `transformers` 4.57 and later load, as the published Qwen3-VL checkpoints have it. */
export function toHuggingFaceConfig(config: Qwen3VLConfig): Readonly<Record<string, unknown>> {
  return {
    architectures: ["Qwen3VLForConditionalGeneration"],
    model_type: "qwen3_vl",
    image_token_id: config.imageTokenId,
    video_token_id: config.videoTokenId,
    vision_start_token_id: config.visionStartTokenId,
    vision_end_token_id: config.visionEndTokenId,
    tie_word_embeddings: config.tieWordEmbeddings,
    text_config: {
      model_type: "qwen3_vl_text",
      vocab_size: config.vocabSize,
      hidden_size: config.hiddenSize,
      intermediate_size: config.intermediateSize,
      num_hidden_layers: config.layerCount,
      num_attention_heads: config.headCount,
      num_key_value_heads: config.keyValueHeadCount,
      head_dim: config.headDimension,
      hidden_act: "silu",
      rms_norm_eps: config.rmsNormEpsilon,
      rope_theta: config.ropeTheta,
      rope_scaling: { rope_type: "default", mrope_interleaved: true, mrope_section: [...config.ropeSections] },
      max_position_embeddings: config.maxPositions,
      initializer_range: config.initializerRange,
      tie_word_embeddings: config.tieWordEmbeddings,
      attention_bias: false,
      attention_dropout: 0,
      ...(config.bosTokenId === undefined ? {} : { bos_token_id: config.bosTokenId }),
      ...(config.eosTokenId === undefined ? {} : { eos_token_id: config.eosTokenId }),
      ...(config.padTokenId === undefined ? {} : { pad_token_id: config.padTokenId }),
    },
    vision_config: toHuggingFaceVisionConfig(config.vision),
  };
}

function toHuggingFaceVisionConfig(vision: Qwen3VLVisionConfig): Readonly<Record<string, unknown>> {
  return {
    model_type: "qwen3_vl",
    hidden_size: vision.embedDimension,
    depth: vision.depth,
    num_heads: vision.headCount,
    intermediate_size: vision.innerDimension,
    out_hidden_size: vision.hiddenSize,
    hidden_act: vision.hiddenActivation,
    patch_size: vision.patchSize,
    temporal_patch_size: vision.temporalPatchSize,
    spatial_merge_size: vision.spatialMergeSize,
    in_channels: vision.inChannels,
    num_position_embeddings: vision.positionsPerSide ** 2,
    deepstack_visual_indexes: [...vision.deepstackBlocks],
  };
}
