import { z } from "zod";
import type { DecoderSizes } from "../../nn/decoder-config.ts";
import { rule, type ConfigRule } from "./config-rules.ts";
import { count, positive, type Fields } from "./fields.ts";

/** A rotary embedding: `rope_scaling` of transformers 4, `rope_parameters` of 5. */
export interface RawRope {
  readonly rope_theta?: number | undefined;
}

/** The fields of a decoder's configuration that decide what it computes. */
export interface RawDecoder {
  readonly vocab_size: number;
  readonly hidden_size: number;
  readonly intermediate_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  /** As many as heads if not given. */
  readonly num_key_value_heads?: number | null | undefined;
  /** The width divided among the heads if not given. */
  readonly head_dim?: number | null | undefined;
  readonly max_position_embeddings: number;
  readonly initializer_range: number;
  readonly rms_norm_eps: number;
  readonly rope_theta?: number | null | undefined;
  readonly rope_scaling?: RawRope | null | undefined;
  readonly rope_parameters?: RawRope | null | undefined;
}

const kind = z.literal("default").optional();

/** A rotary embedding as it is. */
export const ropeFields: Fields<RawRope & { readonly type?: "default" | undefined; readonly rope_type?: "default" | undefined }> = {
  type: kind,
  rope_type: kind,
  rope_theta: positive.optional(),
};

const rope = z.strictObject(ropeFields).nullish();

/** Fields of a decoder whose sizes have to be given. A kind of model puts its own in the place of those that are otherwise with it. */
export const decoderFields: Fields<Omit<RawDecoder, "head_dim"> & { readonly hidden_act: "silu" }> = {
  vocab_size: count,
  hidden_size: count,
  intermediate_size: count,
  num_hidden_layers: count,
  num_attention_heads: count,
  num_key_value_heads: count.nullish(),
  hidden_act: z.literal("silu").default("silu"),
  max_position_embeddings: count,
  initializer_range: z.number().nonnegative().default(0.02),
  rms_norm_eps: positive.default(1e-6),
  rope_theta: positive.optional(),
  rope_scaling: rope,
  rope_parameters: rope,
};

/** A decoder's sizes with the names of this code. @param tieWordEmbeddings whether the output layer is the table of token embeddings. */
export function toDecoderSizes(raw: RawDecoder, tieWordEmbeddings: boolean): DecoderSizes {
  return {
    vocabSize: raw.vocab_size,
    hiddenSize: raw.hidden_size,
    intermediateSize: raw.intermediate_size,
    layerCount: raw.num_hidden_layers,
    headCount: raw.num_attention_heads,
    keyValueHeadCount: raw.num_key_value_heads ?? raw.num_attention_heads,
    headDimension: raw.head_dim ?? raw.hidden_size / raw.num_attention_heads,
    rmsNormEpsilon: raw.rms_norm_eps,
    tieWordEmbeddings,
  };
}

/** Query heads are shared out among those of keys and values. @param part the part of the configuration that has the field: `text_config`. */
export function sharedHeadsRule({ headCount, keyValueHeadCount }: DecoderSizes, part?: string): ConfigRule {
  const field = part === undefined ? "num_key_value_heads" : `${part}.num_key_value_heads`;
  return rule(field, keyValueHeadCount, `a divisor of num_attention_heads (${headCount})`, headCount % keyValueHeadCount === 0);
}

/** Heads are turned in pairs. */
export function pairedHeadsRule({ headDimension }: DecoderSizes): ConfigRule {
  return rule("text_config.head_dim", headDimension, "an even number", headDimension % 2 === 0);
}

/** What a configuration says of a decoder beside its sizes. */
export interface DecoderSettings {
  readonly ropeTheta: number;
  readonly maxPositions: number;
  readonly initializerRange: number;
}

/** A decoder's fields in a `config.json`. @param own those that not all kinds of model have. */
export function toHuggingFaceDecoder(
  config: DecoderSizes & DecoderSettings,
  own: { readonly head_dim?: number; readonly rope_scaling?: Readonly<Record<string, unknown>> } = {},
): Readonly<Record<string, unknown>> {
  const { rope_scaling: scaling, ...head } = own;
  return {
    vocab_size: config.vocabSize,
    hidden_size: config.hiddenSize,
    intermediate_size: config.intermediateSize,
    num_hidden_layers: config.layerCount,
    num_attention_heads: config.headCount,
    num_key_value_heads: config.keyValueHeadCount,
    ...head,
    hidden_act: "silu",
    rms_norm_eps: config.rmsNormEpsilon,
    rope_theta: config.ropeTheta,
    ...(scaling === undefined ? {} : { rope_scaling: scaling }),
    max_position_embeddings: config.maxPositions,
    initializer_range: config.initializerRange,
  };
}
