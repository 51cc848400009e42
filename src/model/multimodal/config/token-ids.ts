import { z } from "zod";
import { tokenId, type Fields } from "./fields.ts";

/** The ids of the tokens that begin, end and fill up a prompt, as a configuration has them. */
export interface RawTokenIds {
  readonly bos_token_id?: number | null | undefined;
  /** Of several the first counts. */
  readonly eos_token_id?: number | readonly number[] | null | undefined;
  readonly pad_token_id?: number | null | undefined;
}

/** Their fields. */
export const tokenIdFields: Fields<RawTokenIds> = {
  bos_token_id: tokenId.nullish(),
  eos_token_id: z.union([tokenId, z.array(tokenId).min(1)]).nullish(),
  pad_token_id: tokenId.nullish(),
};

/** The same with the names of this code; those that are not given are absent. */
export interface TokenIds {
  readonly bosTokenId?: number;
  readonly eosTokenId?: number;
  readonly padTokenId?: number;
}

/** The ids that are given. */
export function toTokenIds({ bos_token_id: bos, eos_token_id: ends, pad_token_id: pad }: RawTokenIds): TokenIds {
  const eos = typeof ends === "object" ? ends?.[0] : ends;
  return {
    ...(typeof bos === "number" ? { bosTokenId: bos } : {}),
    ...(typeof eos === "number" ? { eosTokenId: eos } : {}),
    ...(typeof pad === "number" ? { padTokenId: pad } : {}),
  };
}

/** The ids that are given, as a `config.json` has them. */
export function toHuggingFaceTokenIds({ bosTokenId, eosTokenId, padTokenId }: TokenIds): Readonly<Record<string, number>> {
  return {
    ...(bosTokenId === undefined ? {} : { bos_token_id: bosTokenId }),
    ...(eosTokenId === undefined ? {} : { eos_token_id: eosTokenId }),
    ...(padTokenId === undefined ? {} : { pad_token_id: padTokenId }),
  };
}
