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

/** A `tokenizer.json`, as far as it is looked at here. */
export interface TokenizerParts {
  readonly model: { readonly type?: string | undefined; readonly [field: string]: unknown };
  readonly pre_tokenizer?: unknown;
  readonly [part: string]: unknown;
}

/** Builds the library's tokenizer from the content of a `tokenizer.json`. @throws {Error} of the library if it cannot. */
export function buildLibraryTokenizer({ model, pre_tokenizer: split, ...parts }: TokenizerParts): LibraryTokenizer {
  return new Constructor(
    { ...parts, model: model.type === "WordLevel" ? wholeWords(model) : model, pre_tokenizer: unicodeWords(split) },
    {},
  );
}

/** No text holds it, so that no word is continued. */
const NO_CONTINUATION = "\u{10ffff}";

/** Whole words as the library has them, which knows no `WordLevel`: pieces of words of which none but the first is in the vocabulary. */
function wholeWords({ vocab, unk_token }: TokenizerParts["model"]): object {
  return {
    type: "WordPiece",
    vocab,
    unk_token,
    continuing_subword_prefix: NO_CONTINUATION,
    max_input_chars_per_word: Number.MAX_SAFE_INTEGER,
  };
}

/** Letters, marks, digits and connectors, as the reference implementation's regular expressions understand them; the library's know only ASCII. */
const WORD = String.raw`\p{Alphabetic}\p{M}\p{Nd}\p{Pc}`;
const UNICODE_WORDS = { type: "Split", pattern: { Regex: `[${WORD}]+|[^${WORD}\\s]+` }, behavior: "Removed", invert: true } as const;

/** `Whitespace` pre-tokenisers, alone or among others, that know all letters. */
function unicodeWords(part: unknown): unknown {
  if (typeof part !== "object" || part === null || !("type" in part)) return part;
  if (part.type === "Whitespace") return UNICODE_WORDS;
  return "pretokenizers" in part && Array.isArray(part.pretokenizers)
    ? { ...part, pretokenizers: part.pretokenizers.map(unicodeWords) }
    : part;
}
