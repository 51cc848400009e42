import { checkRules, rule, tokenRules, type ConfigRule } from "../../multimodal/config-rules.ts";
import type { ClipBlock } from "../../nn/clip-tower.ts";
import type { DecoderConfig } from "../../nn/decoder-config.ts";
import { parseRawConfig, type RawRoot, type RawText, type RawVision } from "./config-schema.ts";

/** The vision tower of an Idefics3 model: SigLIP's, for tiles of any size. */
export interface Idefics3VisionConfig extends ClipBlock {
  /** Number of blocks. */
  readonly depth: number;
  /** Pixels on a side of the square whose patches have a learned position each; other tiles share them out. */
  readonly imageSize: number;
  /** Pixels on a side. */
  readonly patchSize: number;
  readonly channels: number;
}

/** An Idefics3 or SmolVLM model: `config.json`, with the names of this code. */
export interface Idefics3Config {
  /** Two names for one architecture. */
  readonly modelType: "idefics3" | "smolvlm";
  readonly decoder: DecoderConfig;
  readonly imageTokenId: number;
  /** Patches on a side that become one token. */
  readonly scaleFactor: number;
  readonly bosTokenId?: number;
  readonly eosTokenId?: number;
  readonly padTokenId?: number;
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
  const decoder = toDecoderConfig(root, text);
  const { bos_token_id: bosTokenId, max_position_embeddings: maxPositions, initializer_range: initializerRange } = text;
  const eosTokenId = Array.isArray(text.eos_token_id) ? text.eos_token_id[0] : text.eos_token_id;
  const padTokenId = text.pad_token_id ?? paddingOfRoot(root);
  return {
    modelType: root.model_type,
    decoder,
    imageTokenId: root.image_token_id,
    scaleFactor: root.scale_factor,
    ...(typeof bosTokenId === "number" ? { bosTokenId } : {}),
    ...(typeof eosTokenId === "number" ? { eosTokenId } : {}),
    ...(typeof padTokenId === "number" ? { padTokenId } : {}),
    maxPositions,
    initializerRange,
    vision: toVisionConfig(vision),
  };
}

/** The padding that the root names: in checkpoints of small vocabularies that of the largest model, which they do not have. */
function paddingOfRoot({ pad_token_id: id, text_config: { vocab_size: vocabSize } }: RawRoot): number | undefined {
  return typeof id === "number" && id < vocabSize ? id : undefined;
}

function toDecoderConfig(root: RawRoot, text: RawText): DecoderConfig {
  const headDimension = text.head_dim ?? text.hidden_size / text.num_attention_heads;
  return {
    vocabSize: text.vocab_size,
    hiddenSize: text.hidden_size,
    intermediateSize: text.intermediate_size,
    layerCount: text.num_hidden_layers,
    headCount: text.num_attention_heads,
    keyValueHeadCount: text.num_key_value_heads ?? text.num_attention_heads,
    headDimension,
    rmsNormEpsilon: text.rms_norm_eps,
    attentionBias: false,
    queryKeyNorm: false,
    tieWordEmbeddings: root.tie_word_embeddings || text.tie_word_embeddings,
    rotary: {
      theta: text.rope_parameters?.rope_theta ?? text.rope_scaling?.rope_theta ?? text.rope_theta ?? 10_000,
      pairAxes: Array.from({ length: Math.floor(headDimension / 2) }, () => 0),
    },
    names: {
      tokens: "model.text_model.embed_tokens",
      layers: "model.text_model.layers",
      norm: "model.text_model.norm",
      head: "lm_head",
    },
  };
}

function toVisionConfig(raw: RawVision): Idefics3VisionConfig {
  return {
    width: raw.hidden_size,
    innerWidth: raw.intermediate_size,
    depth: raw.num_hidden_layers,
    headCount: raw.num_attention_heads,
    epsilon: raw.layer_norm_eps,
    activation: raw.hidden_act,
    imageSize: raw.image_size,
    patchSize: raw.patch_size,
    channels: raw.num_channels,
  };
}

/** What ties the fields to each other: heads divide widths, patches fill blocks, special tokens lie in the vocabulary. */
function rulesOf({ decoder, vision, imageTokenId, bosTokenId, eosTokenId, padTokenId }: Idefics3Config): ConfigRule[] {
  const { hiddenSize, headCount, headDimension, keyValueHeadCount, vocabSize } = decoder;
  const isPair = headDimension % 2 === 0;
  const given = ([["bos_token_id", bosTokenId], ["eos_token_id", eosTokenId], ["pad_token_id", padTokenId]] as const) // prettier-ignore
    .flatMap(([name, id]) => (id === undefined ? [] : [[`text_config.${name}`, id] as const]));
  return [
    rule("text_config.hidden_size", hiddenSize, `a multiple of num_attention_heads (${headCount})`, hiddenSize % headCount === 0),
    rule("text_config.head_dim", headDimension, "an even number", isPair),
    rule(
      "text_config.num_key_value_heads",
      keyValueHeadCount,
      `a divisor of num_attention_heads (${headCount})`,
      headCount % keyValueHeadCount === 0,
    ),
    rule(
      "vision_config.hidden_size",
      vision.width,
      `a multiple of num_attention_heads (${vision.headCount})`,
      vision.width % vision.headCount === 0,
    ),
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
      hidden_size: vision.width,
      intermediate_size: vision.innerWidth,
      num_hidden_layers: vision.depth,
      num_attention_heads: vision.headCount,
      num_channels: vision.channels,
      image_size: vision.imageSize,
      patch_size: vision.patchSize,
      hidden_act: vision.activation,
      layer_norm_eps: vision.epsilon,
    },
  };
}

function toTextConfig(config: Idefics3Config): Readonly<Record<string, unknown>> {
  const { decoder, bosTokenId, eosTokenId, padTokenId } = config;
  return {
    model_type: "llama",
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
    attention_bias: false,
    mlp_bias: false,
    tie_word_embeddings: decoder.tieWordEmbeddings,
    ...(bosTokenId === undefined ? {} : { bos_token_id: bosTokenId }),
    ...(eosTokenId === undefined ? {} : { eos_token_id: eosTokenId }),
    ...(padTokenId === undefined ? {} : { pad_token_id: padTokenId }),
  };
}
