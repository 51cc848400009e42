import { z } from "zod";
import { decoderNames, plainRotary, type DecoderConfig } from "../../nn/decoder-config.ts";
import { decoderFields, toDecoderSizes, toHuggingFaceDecoder, type DecoderSettings, type RawDecoder } from "./decoder-fields.ts";
import { count, type Fields } from "./fields.ts";
import { ignored } from "./ignored-fields.ts";
import { tokenIdFields, type RawTokenIds } from "./token-ids.ts";

/** The `text_config` of a model whose decoder is a Llama or a Mistral. */
export interface RawLlama extends RawDecoder, RawTokenIds {
  readonly tie_word_embeddings?: boolean | undefined;
}

interface Unused {
  readonly attention_bias?: false | undefined;
  readonly mlp_bias?: false | undefined;
  readonly pretraining_tp?: unknown;
}

const without = z.literal(false).optional();

/** Its fields, with the defaults of Llama's own configuration, which the reference implementation takes for what is not there. */
export const llamaFields: Fields<RawLlama & Unused> = {
  ...decoderFields,
  vocab_size: count.default(32_000),
  hidden_size: count.default(4096),
  intermediate_size: count.default(11_008),
  num_hidden_layers: count.default(32),
  num_attention_heads: count.default(32),
  head_dim: count.nullish(),
  max_position_embeddings: count.default(2048),
  attention_bias: without,
  mlp_bias: without,
  pretraining_tp: ignored,
  tie_word_embeddings: z.boolean().optional(),
  ...tokenIdFields,
};

/** Where a checkpoint keeps its decoder, and whether the whole model's configuration says that the output layer is the token embeddings. */
export interface LlamaPlace {
  /** `model.text_model` */
  readonly module: string;
  /** `lm_head` */
  readonly head: string;
  readonly isTied: boolean;
}

/** The decoder with the names of this code. */
export function toLlamaDecoder(text: RawLlama, { module, head, isTied }: LlamaPlace): DecoderConfig {
  const sizes = toDecoderSizes(text, isTied || (text.tie_word_embeddings ?? false));
  const theta = text.rope_parameters?.rope_theta ?? text.rope_scaling?.rope_theta ?? text.rope_theta ?? 10_000;
  return {
    ...sizes,
    attentionBias: false,
    queryKeyNorm: false,
    rotary: plainRotary(theta, sizes.headDimension),
    names: decoderNames(module, head),
  };
}

/** What a model's configuration says of its decoder. */
export interface LlamaSettings extends Omit<DecoderSettings, "ropeTheta"> {
  readonly decoder: DecoderConfig;
}

/** The decoder's fields in a `config.json`, but for those that kinds of model differ in. */
export function toHuggingFaceLlama({ decoder, ...settings }: LlamaSettings): Readonly<Record<string, unknown>> {
  return toHuggingFaceDecoder({ ...settings, ...decoder, ropeTheta: decoder.rotary.theta }, { head_dim: decoder.headDimension });
}
