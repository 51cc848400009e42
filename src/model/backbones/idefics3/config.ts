import { toClipSizes, toHuggingFaceClipTower, towerHeadsRule } from "../../multimodal/config/clip-tower-fields.ts";
import { checkRules, rule, tokenRules, type ConfigRule } from "../../multimodal/config/config-rules.ts";
import { pairedHeadsRule, sharedHeadsRule } from "../../multimodal/config/decoder-fields.ts";
import { toHuggingFaceLlama, toLlamaDecoder } from "../../multimodal/config/llama-decoder.ts";
import { toHuggingFaceTokenIds, toTokenIds, type TokenIds } from "../../multimodal/config/token-ids.ts";
import type { ClipSizes } from "../../nn/clip-tower.ts";
import type { DecoderConfig } from "../../nn/decoder-config.ts";
import { parseRawConfig, type RawRoot } from "./config-schema.ts";

/** The vision tower of an Idefics3 model: SigLIP's, for tiles of any size, which share out the positions of a square of `imageSize`. */
export interface Idefics3VisionConfig extends ClipSizes {
  readonly channels: number;
}

/** An Idefics3 or SmolVLM model: `config.json`, with the names of this code. */
export interface Idefics3Config extends TokenIds {
  /** Two names for one architecture. */
  readonly modelType: "idefics3" | "smolvlm";
  readonly decoder: DecoderConfig;
  readonly imageTokenId: number;
  /** Patches on a side that become one token. */
  readonly scaleFactor: number;
  readonly maxPositions: number;
  readonly initializerRange: number;
  readonly vision: Idefics3VisionConfig;
}

/**
 * Parses Hugging Face's `config.json`.
 * @throws {ConfigError} naming file, field, what is there, what was expected and for an unknown field the nearest known one.
 */
export function parseIdefics3Config(value: unknown, { file }: { readonly file: string }): Idefics3Config {
  const raw = parseRawConfig(value, { file });
  const config = toConfig(raw);
  checkRules(rulesOf(config), { file });
  return config;
}

function toConfig(root: RawRoot): Idefics3Config {
  const { text_config: text, vision_config: vision } = root;
  return {
    modelType: root.model_type,
    decoder: toLlamaDecoder(text, { module: "model.text_model", head: "lm_head", isTied: root.tie_word_embeddings }),
    imageTokenId: root.image_token_id,
    scaleFactor: root.scale_factor,
    ...toTokenIds({ ...text, pad_token_id: text.pad_token_id ?? paddingOfRoot(root) }),
    maxPositions: text.max_position_embeddings,
    initializerRange: text.initializer_range,
    vision: { ...toClipSizes(vision), channels: vision.num_channels },
  };
}

/** The padding that the root names: in checkpoints of small vocabularies that of the largest model, which they do not have. */
function paddingOfRoot({ pad_token_id: id, text_config: { vocab_size: vocabSize } }: RawRoot): number | undefined {
  return typeof id === "number" && id < vocabSize ? id : undefined;
}

/** What ties the fields to each other: heads divide widths, patches fill blocks, special tokens lie in the vocabulary. */
function rulesOf({ decoder, vision, imageTokenId, bosTokenId, eosTokenId, padTokenId }: Idefics3Config): ConfigRule[] {
  const { hiddenSize, headCount, vocabSize } = decoder;
  const given = ([["bos_token_id", bosTokenId], ["eos_token_id", eosTokenId], ["pad_token_id", padTokenId]] as const) // prettier-ignore
    .flatMap(([name, id]) => (id === undefined ? [] : [[`text_config.${name}`, id] as const]));
  return [
    rule("text_config.hidden_size", hiddenSize, `a multiple of num_attention_heads (${headCount})`, hiddenSize % headCount === 0),
    pairedHeadsRule(decoder),
    sharedHeadsRule(decoder, "text_config"),
    towerHeadsRule(vision),
    rule("vision_config.image_size", vision.imageSize, `at least patch_size (${vision.patchSize})`, vision.imageSize >= vision.patchSize),
    ...tokenRules(vocabSize, ["image_token_id", imageTokenId], given),
  ];
}

/** The `config.json` that `transformers` 4.46 and later load; of type `smolvlm`, 4.50 and later. */
export function toHuggingFaceConfig(config: Idefics3Config): Readonly<Record<string, unknown>> {
  const { modelType, decoder, vision } = config;
  return {
    architectures: [modelType === "smolvlm" ? "SmolVLMForConditionalGeneration" : "Idefics3ForConditionalGeneration"],
    model_type: modelType,
    image_token_id: config.imageTokenId,
    scale_factor: config.scaleFactor,
    tie_word_embeddings: decoder.tieWordEmbeddings,
    ...(config.padTokenId === undefined ? {} : { pad_token_id: config.padTokenId }),
    text_config: toTextConfig(config),
    vision_config: {
      model_type: modelType === "smolvlm" ? "smolvlm_vision" : "idefics3_vision",
      ...toHuggingFaceClipTower(vision),
      num_channels: vision.channels,
    },
  };
}

function toTextConfig(config: Idefics3Config): Readonly<Record<string, unknown>> {
  return {
    model_type: "llama",
    ...toHuggingFaceLlama(config),
    attention_bias: false,
    mlp_bias: false,
    tie_word_embeddings: config.decoder.tieWordEmbeddings,
    ...toHuggingFaceTokenIds(config),
  };
}
