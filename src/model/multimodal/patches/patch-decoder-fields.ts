import { z } from "zod";
import { decoderFields, ropeFields, type RawDecoder, type RawRope } from "../config/decoder-fields.ts";
import { count, type Fields } from "../config/fields.ts";
import { tokenIdFields, type RawTokenIds } from "../config/token-ids.ts";

/** A rotary embedding whose pairs are shared out among three axes. */
export interface RawSectionedRope extends RawRope {
  readonly mrope_section?: readonly [number, number, number] | undefined;
}

/** Its fields. */
export const sectionedRopeFields: typeof ropeFields & Fields<RawSectionedRope> = {
  ...ropeFields,
  mrope_section: z.tuple([count, count, count]).optional(),
};

/** The decoder of a model with patches in merge blocks. */
export interface RawPatchDecoder extends RawDecoder, RawTokenIds {
  readonly rope_scaling?: RawSectionedRope | null | undefined;
  readonly rope_parameters?: RawSectionedRope | null | undefined;
  readonly tie_word_embeddings?: boolean | undefined;
}

interface WholeAttention {
  readonly use_sliding_window?: false | null | undefined;
  readonly layer_types?: readonly "full_attention"[] | null | undefined;
}

/** Its fields. A kind of model adds its rotary embedding and what else it has. */
export const patchDecoderFields: typeof decoderFields &
  Fields<WholeAttention & Pick<RawPatchDecoder, "tie_word_embeddings" | "eos_token_id" | "pad_token_id">> = {
  ...decoderFields,
  use_sliding_window: z.literal(false).nullish(),
  layer_types: z.array(z.literal("full_attention")).nullish(),
  tie_word_embeddings: z.boolean().optional(),
  eos_token_id: tokenIdFields.eos_token_id,
  pad_token_id: tokenIdFields.pad_token_id,
};
