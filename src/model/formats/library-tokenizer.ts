import { Tokenizer } from "@huggingface/tokenizers";

/** What is used of a tokenizer of `@huggingface/tokenizers`, whose own types do not resolve under Node's module resolution. */
export interface LibraryTokenizer {
  readonly normalizer: { normalize(text: string): string } | null;
  readonly pre_tokenizer: { pre_tokenize(text: string): string[] } | null;
  encode(text: string, options: { add_special_tokens: boolean }): { readonly ids: readonly number[] };
  decode(ids: readonly number[], options: { skip_special_tokens: boolean; clean_up_tokenization_spaces: boolean }): string;
  token_to_id(token: string): number | undefined;
}

const Constructor = Tokenizer as unknown as new (tokenizer: object, config: object) => LibraryTokenizer;

/** Builds the library's tokenizer from the content of a `tokenizer.json`. @throws {Error} of the library if it cannot. */
export function buildLibraryTokenizer(tokenizer: object): LibraryTokenizer {
  return new Constructor(tokenizer, {});
}
