import { join } from "node:path";
import { writeJsonAtomic } from "../../files/atomic-write.ts";

/** The content of a `tokenizer.json`. */
export interface TokenizerJson {
  readonly added_tokens: readonly AddedTokenJson[];
  readonly model: {
    readonly type: "BPE";
    readonly vocab: Readonly<Record<string, number>>;
    readonly merges: readonly string[];
    readonly [option: string]: unknown;
  };
  readonly [part: string]: unknown;
}

/** A token that is found in the text before all others. */
export interface AddedTokenJson {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
  readonly [option: string]: unknown;
}

/** Qwen2's pre-tokeniser: contractions, words, single digits, punctuation, line ends, spaces. */
const PRE_TOKENISER =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

const BYTE_LEVEL = { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: false } as const;

/** Writes out a byte-level BPE in the layout of Qwen2's `tokenizer.json`. @param tokens in the order of their ids, in byte characters. */
export function toTokenizerJson({
  tokens,
  merges,
  specialTokens,
}: {
  tokens: readonly string[];
  merges: readonly (readonly [string, string])[];
  specialTokens: readonly string[];
}): TokenizerJson {
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: specialTokens.map((content, index) => toAddedToken(tokens.length + index, content)),
    normalizer: { type: "NFC" },
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [{ type: "Split", pattern: { Regex: PRE_TOKENISER }, behavior: "Isolated", invert: false }, BYTE_LEVEL],
    },
    post_processor: BYTE_LEVEL,
    decoder: BYTE_LEVEL,
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: "",
      end_of_word_suffix: "",
      fuse_unk: false,
      byte_fallback: false,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: merges.map((pair) => pair.join(" ")),
    },
  };
}

function toAddedToken(id: number, content: string): AddedTokenJson {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
}

/**
 * Writes `tokenizer.json`, and the `tokenizer_config.json` with which `transformers` takes it for a Qwen2 tokenizer.
 * @throws {FileError} if the folder cannot be written.
 */
export async function writeTokenizer(folder: string, tokenizer: TokenizerJson): Promise<void> {
  await writeJsonAtomic(join(folder, "tokenizer.json"), tokenizer);
  await writeJsonAtomic(join(folder, "tokenizer_config.json"), {
    tokenizer_class: "Qwen2Tokenizer",
    add_prefix_space: false,
    clean_up_tokenization_spaces: false,
    eos_token: "<|endoftext|>",
    pad_token: "<|endoftext|>",
    additional_special_tokens: tokenizer.added_tokens.map(({ content }) => content),
  });
}
