import type { EmbeddingInput } from "../../inputs/embedding-input.ts";
import type { Recipe } from "../../train/recipe/recipe-types.ts";
import { chunkSizesOf } from "../../train/steps/chunk-sizes.ts";
import { UsageError } from "../usage-error.ts";
import type { PlannedBatches } from "./plan-training.ts";

/** Inputs that a plan assumes where the data is not there. */
export interface AssumedInputs {
  /** Pixels of each query's picture. */
  readonly width: number;
  readonly height: number;
  /** Words of each query and of each target, which is a text. */
  readonly words: number;
}

/** Reads `672x448+64`: a picture and words. @throws {UsageError} for anything else. */
export function parseAssumedInputs(text: string): AssumedInputs {
  const found = /^(\d{1,5})x(\d{1,5})\+(\d{1,4})$/.exec(text);
  const [width = 0, height = 0, words = 0] = found === null ? [] : found.slice(1).map(Number);
  if (width > 0 && height > 0 && words > 0) return { width, height, words };
  const message = `got "${text}" where the size of a picture and a number of words were expected, such as 672x448+40`;
  throw new UsageError({ message, details: { argument: text } });
}

/** Pairs of the larger chunk's size, the recipe's batch being so many times as large: all inputs of a side are alike. */
export function assumedBatches({ data, chunkSize = data.batchSize }: Recipe, { width, height, words }: AssumedInputs): PlannedBatches {
  const sizes = chunkSizesOf(chunkSize);
  const pairs = Math.min(data.batchSize, Math.max(sizes.queries, sizes.targets));
  const text = Array.from({ length: words }, (_, place) => WORDS[place % WORDS.length]).join(" ");
  const image = { width, height, data: new Uint8Array(3 * width * height).fill(128) };
  const side = (input: EmbeddingInput): EmbeddingInput[] => Array.from({ length: pairs }, () => input);
  const batch = {
    kind: "contrastive",
    task: "assumed",
    queries: side({ image, text }),
    targets: side({ text }),
    targetKeys: Array.from({ length: pairs }, (_, pair) => `${pair}`),
  } as const;
  return { source: { batch: () => batch }, count: 1, scale: data.batchSize / pairs, isAssumed: true };
}

/** Short words, a token each in most vocabularies. */
const WORDS = ["a", "picture", "of", "the", "red", "house", "and", "two", "old", "trees"];
