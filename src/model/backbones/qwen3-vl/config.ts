import { checkModelType, checkRules, rule, type ConfigRule } from "../../multimodal/config/config-rules.ts";
import { pairedHeadsRule, sharedHeadsRule, toHuggingFaceDecoder } from "../../multimodal/config/decoder-fields.ts";
import { toHuggingFaceTokenIds, toTokenIds, type TokenIds } from "../../multimodal/config/token-ids.ts";
import {
  patchTokenRules,
  toHuggingFacePatchTokens,
  toPatchModel,
  type PatchModelConfig,
} from "../../multimodal/patches/patch-model-config.ts";
import { toHuggingFacePatches, toPatchTower, type PatchTowerConfig } from "../../multimodal/patches/patch-tower-config.ts";
import { parseRawConfig, type RawConfig, type RawVision } from "./config-schema.ts";
import { interleavedAxes } from "./interleaved-axes.ts";

/** The vision transformer of a Qwen3-VL model. */
export interface Qwen3VLVisionConfig extends PatchTowerConfig {
  /** Width of a block's inner layer. */
  readonly innerDimension: number;
  /** Rows, and columns, of the grid of learned position embeddings. */
  readonly positionsPerSide: number;
  /** Blocks whose output is also given to the decoder, each through the merger of its place in this list. */
  readonly deepstackBlocks: readonly number[];
}

/** A Qwen3-VL model: `config.json` of `model_type` "qwen3_vl", with the names of this code. Its `ropeSections` are interleaved. */
export interface Qwen3VLConfig extends PatchModelConfig, TokenIds {
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
  const isTied = root.tie_word_embeddings ?? text.tie_word_embeddings ?? false;
  const usual = { ropeTheta: 500_000, ropeSections: [24, 20, 20] } as const;
  return {
    ...toPatchModel(root, text, { isTied, rope: text.rope_parameters ?? text.rope_scaling, usual }),
    ...toTokenIds({
      bos_token_id: text.bos_token_id ?? root.bos_token_id,
      eos_token_id: text.eos_token_id ?? root.eos_token_id,
      pad_token_id: text.pad_token_id ?? root.pad_token_id,
    }),
    vision: toVisionConfig(root.vision_config),
  };
}

function toVisionConfig(raw: RawVision): Qwen3VLVisionConfig {
  return {
    ...toPatchTower(raw, { embedDimension: raw.hidden_size, hiddenSize: raw.out_hidden_size }),
    innerDimension: raw.intermediate_size,
    positionsPerSide: Math.sqrt(raw.num_position_embeddings),
    deepstackBlocks: raw.deepstack_visual_indexes,
  };
}

/** What ties the fields to each other: heads divide widths, rotary sections fill a head, special tokens lie in the vocabulary. */
function rulesOf(config: Qwen3VLConfig): ConfigRule[] {
  const { headDimension, ropeSections } = config;
  const half = headDimension / 2;
  const axes = interleavedAxes(ropeSections, half);
  const isFilled = ropeSections.every((section, axis) => axes.filter((other) => other === axis).length === section);
  return [
    sharedHeadsRule(config, "text_config"),
    pairedHeadsRule(config),
    rule("mrope_section", ropeSections, `three parts of half a head's width (${half}) that can be interleaved`, isFilled),
    ...visionRules(config),
    ...patchTokenRules(config),
  ];
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

/** The `config.json` that `transformers` 4.57 and later load, as the published Qwen3-VL checkpoints have it. */
export function toHuggingFaceConfig(config: Qwen3VLConfig): Readonly<Record<string, unknown>> {
  return {
    architectures: ["Qwen3VLForConditionalGeneration"],
    model_type: "qwen3_vl",
    ...toHuggingFacePatchTokens(config),
    tie_word_embeddings: config.tieWordEmbeddings,
    text_config: {
      model_type: "qwen3_vl_text",
      ...toHuggingFaceDecoder(config, {
        head_dim: config.headDimension,
        rope_scaling: { rope_type: "default", mrope_interleaved: true, mrope_section: [...config.ropeSections] },
      }),
      tie_word_embeddings: config.tieWordEmbeddings,
      attention_bias: false,
      attention_dropout: 0,
      ...toHuggingFaceTokenIds(config),
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
    ...toHuggingFacePatches(vision),
    num_position_embeddings: vision.positionsPerSide ** 2,
    deepstack_visual_indexes: [...vision.deepstackBlocks],
  };
}
