import { ConfigError, present } from "../../errors/families.ts";
import { buildLibraryTokenizer } from "./library-tokenizer.ts";
import { MergeQueue } from "./merge-queue.ts";
import { toTokenizerJson, type TokenizerJson } from "./tokenizer-json.ts";

/** The special tokens of Qwen2-VL, in the order of their ids. */
export const QWEN2_SPECIAL_TOKENS: readonly string[] = [
  "<|endoftext|>",
  "<|im_start|>",
  "<|im_end|>",
  "<|vision_start|>",
  "<|vision_end|>",
  "<|image_pad|>",
  "<|video_pad|>",
];

export interface BytePairEncodingOptions {
  /** Tokens in all: 256 bytes, merges, special tokens. Fewer come out when the texts hold no more pairs worth merging. */
  readonly vocabSize: number;
  /** Default {@link QWEN2_SPECIAL_TOKENS}; their ids follow the merges'. */
  readonly specialTokens?: readonly string[];
  /** A pair seen less often is not merged; default 2. */
  readonly minimumFrequency?: number;
}

/**
 * Trains a byte-level byte-pair encoding with Qwen2's pre-tokeniser: the most frequent pair of neighbours becomes a token, again and
 * again. Deterministic: of equally frequent pairs the one of the smaller ids is taken first.
 * @returns a `tokenizer.json` in the layout of Qwen2's. @throws {ConfigError} if `vocabSize` has no room for bytes and special tokens.
 * @source Sennrich et al. 2016; tie-breaking as in Hugging Face's `tokenizers`.
 */
export function trainBytePairEncoding(texts: Iterable<string>, options: BytePairEncodingOptions): TokenizerJson {
  const { vocabSize, specialTokens = QWEN2_SPECIAL_TOKENS, minimumFrequency = 2 } = options;
  const room = vocabSize - specialTokens.length;
  if (!Number.isInteger(vocabSize) || room < 256) {
    const expected = `an integer of at least ${256 + specialTokens.length}`;
    const message = `vocabSize is ${vocabSize}, expected ${expected} (256 bytes and ${specialTokens.length} special tokens)`;
    throw new ConfigError({ message, details: { field: "vocabSize", got: vocabSize, expected } });
  }
  const training = new Training(countPieces(texts));
  while (training.tokens.length < room && training.mergeMostFrequent(minimumFrequency));
  return toTokenizerJson({ tokens: training.tokens, merges: training.merges, specialTokens });
}

/** The printable character that stands for each byte, as in GPT-2; their order is that of the ids. */
const BYTE_CHARACTERS: readonly string[] = byteCharacters();

function byteCharacters(): string[] {
  const isPrintable = (byte: number): boolean => (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  const printable = Array.from({ length: 256 }, (_, byte) => byte).filter(isPrintable);
  const others = Array.from({ length: 256 - printable.length }, (_, index) => 256 + index);
  return [...printable, ...others].map((codePoint) => String.fromCodePoint(codePoint));
}

/** How often each piece between the pre-tokeniser's cuts occurs; pieces are written in byte characters. */
function countPieces(texts: Iterable<string>): Map<string, number> {
  const bytesOnly = toTokenizerJson({ tokens: BYTE_CHARACTERS, merges: [], specialTokens: [] });
  const { normalizer, pre_tokenizer: preTokenizer } = buildLibraryTokenizer(bytesOnly);
  const counts = new Map<string, number>();
  for (const text of texts) {
    const normalised = present(normalizer, "the normaliser").normalize(text);
    for (const piece of present(preTokenizer, "the pre-tokeniser").pre_tokenize(normalised))
      counts.set(piece, (counts.get(piece) ?? 0) + 1);
  }
  return counts;
}

/** A piece as the tokens it consists of so far. */
interface Word {
  readonly count: number;
  tokens: number[];
}

/** The state of training: all words, and for every pair of neighbours how often and where it occurs. */
class Training {
  readonly tokens: string[] = [...BYTE_CHARACTERS];
  readonly #merged = new Map<number, readonly [string, string]>();
  readonly #ids: Map<string, number> = new Map(BYTE_CHARACTERS.map((character, id) => [character, id]));
  readonly #words: readonly Word[];
  readonly #holders = new Map<number, Set<Word>>();
  readonly #queue = new MergeQueue();

  constructor(pieces: ReadonlyMap<string, number>) {
    this.#words = [...pieces].map(([piece, count]) => ({ count, tokens: Array.from(piece, (character) => this.#idOf(character)) }));
    for (const word of this.#words) this.#countPairs(word, 1);
    this.#queue.settle();
  }

  /** The pairs that were merged, in order. */
  get merges(): readonly (readonly [string, string])[] {
    return [...this.#merged.values()];
  }

  /** Merges the most frequent pair everywhere. @returns false if none occurs `minimumFrequency` times. */
  mergeMostFrequent(minimumFrequency: number): boolean {
    const pair = this.#queue.pop();
    if (pair === undefined || pair.count < minimumFrequency) return false;
    const { left, right } = pair;
    const [leftToken, rightToken] = [this.tokens[left] as string, this.tokens[right] as string];
    const merged = this.#idOf(leftToken + rightToken);
    if (!this.#merged.has(pair.key)) this.#merged.set(pair.key, [leftToken, rightToken]); // a pair can come up again
    for (const word of this.#holders.get(pair.key) ?? []) {
      this.#countPairs(word, -1);
      word.tokens = mergeIn(word.tokens, { left, right, merged });
      this.#countPairs(word, 1);
    }
    this.#holders.delete(pair.key);
    this.#queue.settle();
    return true;
  }

  #idOf(token: string): number {
    const known = this.#ids.get(token);
    if (known !== undefined) return known;
    this.#ids.set(token, this.tokens.length);
    return this.tokens.push(token) - 1;
  }

  #countPairs(word: Word, sign: 1 | -1): void {
    for (let index = 1; index < word.tokens.length; index++) {
      const key = this.#queue.add(word.tokens[index - 1] as number, word.tokens[index] as number, sign * word.count);
      if (sign === -1) continue;
      const holders = this.#holders.get(key);
      if (holders === undefined) this.#holders.set(key, new Set([word]));
      else holders.add(word);
    }
  }
}

function mergeIn(tokens: readonly number[], { left, right, merged }: { left: number; right: number; merged: number }): number[] {
  const result: number[] = [];
  for (let index = 0; index < tokens.length; index++) {
    const isPair = tokens[index] === left && tokens[index + 1] === right;
    result.push(isPair ? merged : (tokens[index] as number));
    if (isPair) index++;
  }
  return result;
}
