import { z } from "zod";
import { ConfigError } from "../../errors/families.ts";
import { readJsonFile } from "../../files/json-file.ts";
import { nearestName } from "../../files/nearest-name.ts";
import { parseConfig } from "../../files/parse-config.ts";
import { buildLibraryTokenizer, type LibraryTokenizer } from "./library-tokenizer.ts";

/** Text to token ids and back. */
export interface Tokenizer {
  /** One more than the largest id. */
  readonly vocabSize: number;
  /** Ids by content, such as `<|endoftext|>`. */
  readonly specialTokens: ReadonlyMap<string, number>;
  /** Token ids; special tokens written out in the text become their ids, none are added. */
  encode(text: string): Int32Array;
  /** As `encode`, but special tokens written out in the text stay plain text: for what users typed. */
  encodePlain(text: string): Int32Array;
  /** As `encode`, with what the tokenizer itself puts around every text, such as `<s>`. */
  encodeFramed(text: string): Int32Array;
  /** The text of token ids, special tokens left out. */
  decode(ids: Iterable<number>): string;
  /** The id of a token. @throws {ConfigError} if the vocabulary does not hold it. */
  tokenId(token: string): number;
}

/**
 * Loads a `tokenizer.json`.
 * @throws {FileError} if it cannot be read. @throws {ConfigError} if it is damaged or of a kind that is not known.
 */
export async function loadTokenizer(file: string): Promise<Tokenizer> {
  return createTokenizer(await readJsonFile(file), { file });
}

/** Makes a tokenizer from the content of a `tokenizer.json`. @throws {ConfigError} naming file and field. */
export function createTokenizer(value: unknown, { file }: { file: string }): Tokenizer {
  return new JsonTokenizer(parseConfig(tokenizerSchema, value, { file }), file);
}

const tokenId = z.number().int().nonnegative();
const addedTokenSchema = z.looseObject({ id: tokenId, content: z.string().min(1), special: z.boolean() });

/** Token to id. Vocabularies are large: one plain pass instead of a schema per entry. */
const vocabSchema = z.custom<Readonly<Record<string, number>>>(isRecord, "expected record").superRefine((vocab, context) => {
  const wrong = Object.entries(vocab).find(([, id]) => !Number.isInteger(id) || id < 0);
  if (wrong !== undefined) context.addIssue({ code: "custom", path: [wrong[0]], message: "expected a whole number" });
});

/** Pairs of tokens, as "a b" or ["a", "b"]. */
const mergesSchema = z.custom<readonly (string | readonly string[])[]>(Array.isArray, "expected array").superRefine((merges, context) => {
  const wrong = merges.findIndex((merge) => !isPair(merge));
  if (wrong !== -1) context.addIssue({ code: "custom", path: [wrong], message: 'expected a pair of tokens, such as "a b"' });
});

const tokenizerSchema = z.looseObject({
  added_tokens: z.array(addedTokenSchema),
  normalizer: z.unknown(),
  pre_tokenizer: z.unknown(),
  post_processor: z.unknown(),
  decoder: z.unknown(),
  model: z.union([
    z.looseObject({ type: z.literal("BPE").optional(), vocab: vocabSchema, merges: mergesSchema }),
    z.looseObject({ type: z.literal("WordLevel"), vocab: vocabSchema, unk_token: z.string() }),
  ]),
});

type TokenizerDescription = z.output<typeof tokenizerSchema>;

function isPair(merge: unknown): boolean {
  const parts: unknown = typeof merge === "string" ? merge.split(" ") : merge;
  return Array.isArray(parts) && parts.length === 2 && parts.every((part) => typeof part === "string" && part !== "");
}

function isRecord(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

class JsonTokenizer implements Tokenizer {
  readonly vocabSize: number;
  readonly specialTokens: ReadonlyMap<string, number>;
  readonly #file: string;
  readonly #description: TokenizerDescription;
  readonly #tokenizer: LibraryTokenizer;
  #plain: LibraryTokenizer | undefined;

  constructor(description: TokenizerDescription, file: string) {
    this.#file = file;
    this.#description = description;
    this.#tokenizer = this.#build(description);
    const special = description.added_tokens.filter((token) => token.special);
    this.specialTokens = new Map(special.map(({ content, id }) => [content, id]));
    const ids = [...Object.values(description.model.vocab), ...description.added_tokens.map(({ id }) => id)];
    this.vocabSize = ids.reduce((largest, id) => Math.max(largest, id), -1) + 1;
  }

  encode(text: string): Int32Array {
    return Int32Array.from(this.#tokenizer.encode(text, { add_special_tokens: false }).ids);
  }

  encodeFramed(text: string): Int32Array {
    return Int32Array.from(this.#tokenizer.encode(text, { add_special_tokens: true }).ids);
  }

  encodePlain(text: string): Int32Array {
    const isPlain = !this.#description.added_tokens.some(({ content }) => text.includes(content));
    if (isPlain) return this.encode(text);
    this.#plain ??= this.#build({ ...this.#description, added_tokens: [] });
    return Int32Array.from(this.#plain.encode(text, { add_special_tokens: false }).ids);
  }

  decode(ids: Iterable<number>): string {
    const list = [...ids];
    if (list.length === 0) return "";
    return this.#tokenizer.decode(list, { skip_special_tokens: true, clean_up_tokenization_spaces: false });
  }

  tokenId(token: string): number {
    const id = this.#tokenizer.token_to_id(token);
    if (id !== undefined) return id;
    const near = nearestName(token, this.specialTokens.keys());
    const hint = near === undefined ? "check that the tokenizer belongs to the model" : `did you mean ${near}?`;
    const message = `${this.#file} has no token ${token}; ${hint}`;
    throw new ConfigError({ message, details: { file: this.#file, field: "model.vocab", got: null, expected: token } });
  }

  #build(description: TokenizerDescription): LibraryTokenizer {
    try {
      return buildLibraryTokenizer(description);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      const message = `${this.#file} is not a tokenizer that can be used: ${reason}; download or write it again`;
      throw new ConfigError({ message, details: { file: this.#file }, cause });
    }
  }
}
