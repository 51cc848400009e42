import { readJsonFile } from "../../../files/json-file.ts";
import { checkModelType, checkRules, rule, type ConfigRule } from "../../multimodal/config/config-rules.ts";
import { sharedHeadsRule, toHuggingFaceDecoder } from "../../multimodal/config/decoder-fields.ts";
import { toHuggingFaceTokenIds, toTokenIds } from "../../multimodal/config/token-ids.ts";
import {
  patchTokenRules,
  toHuggingFacePatchTokens,
  toPatchModel,
  type PatchModelConfig,
} from "../../multimodal/patches/patch-model-config.ts";
import { toHuggingFacePatches, toPatchTower, type PatchTowerConfig } from "../../multimodal/patches/patch-tower-config.ts";
import { parseRawConfig, type RawRoot, type RawText, type RawVision } from "./config-schema.ts";

/** The vision transformer of a Qwen2-VL model. */
export interface Qwen2VLVisionConfig extends PatchTowerConfig {
  /** Width of a block's inner layer, as a multiple of `embedDimension`. */
  readonly mlpRatio: number;
}

/** A Qwen2-VL model: `config.json` of `model_type` "qwen2_vl", with the names of this code. Its `headDimension` is `hiddenSize / headCount`. */
export interface Qwen2VLConfig extends PatchModelConfig {
  readonly eosTokenId: number;
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
  const isTied = (root.tie_word_embeddings ?? false) || (text.tie_word_embeddings ?? false);
  const usual = { ropeTheta: 1_000_000, ropeSections: [16, 24, 24] } as const;
  const ids = { eos_token_id: text.eos_token_id ?? root.eos_token_id, pad_token_id: text.pad_token_id ?? root.pad_token_id };
  return {
    ...toPatchModel(root, text, { isTied, rope: text.rope_scaling ?? text.rope_parameters, usual }),
    eosTokenId: 151_645,
    ...toTokenIds(ids),
    vision: toVisionConfig(root.vision_config),
  };
}

function toVisionConfig(raw: RawVision): Qwen2VLVisionConfig {
  return { ...toPatchTower(raw, { embedDimension: raw.embed_dim, hiddenSize: raw.hidden_size }), mlpRatio: raw.mlp_ratio };
}

/** What ties the fields to each other: heads divide widths, rotary sections fill a head, special tokens lie in the vocabulary. */
function rulesOf(config: Qwen2VLConfig): ConfigRule[] {
  const { hiddenSize, headCount, headDimension, ropeSections, vision } = config;
  const rotaryPairs = ropeSections[0] + ropeSections[1] + ropeSections[2];
  const visionHead = vision.embedDimension / vision.headCount;
  const innerWidth = vision.embedDimension * vision.mlpRatio;
  return [
    rule("hidden_size", hiddenSize, `a multiple of num_attention_heads (${headCount})`, hiddenSize % headCount === 0),
    rule("hidden_size", hiddenSize, `an even number per head (${headCount} heads)`, headDimension % 2 === 0),
    sharedHeadsRule(config),
    rule("mrope_section", ropeSections, `a sum of half a head's width (${headDimension / 2})`, rotaryPairs * 2 === headDimension),
    rule("vision_config.hidden_size", vision.hiddenSize, `hidden_size (${hiddenSize})`, vision.hiddenSize === hiddenSize),
    rule("vision_config.embed_dim", vision.embedDimension, `a multiple of 4 per head (${vision.headCount} heads)`, visionHead % 4 === 0),
    rule("vision_config.mlp_ratio", vision.mlpRatio, "a whole number of inner units", Number.isInteger(innerWidth)),
    ...patchTokenRules(config),
  ];
}

/** The `config.json` that `transformers` 4.45 and later load: flat, as the published Qwen2-VL checkpoints have it. */
export function toHuggingFaceConfig(config: Qwen2VLConfig): Readonly<Record<string, unknown>> {
  return {
    architectures: ["Qwen2VLForConditionalGeneration"],
    model_type: "qwen2_vl",
    ...toHuggingFaceDecoder(config, { rope_scaling: { type: "mrope", mrope_section: [...config.ropeSections] } }),
    tie_word_embeddings: config.tieWordEmbeddings,
    use_sliding_window: false,
    attention_dropout: 0,
    ...toHuggingFaceTokenIds({ ...config, bosTokenId: config.eosTokenId }),
    ...toHuggingFacePatchTokens(config),
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
    ...toHuggingFacePatches(vision),
  };
}
