import type { EmbeddingInput } from "../../src/inputs/embedding-input.ts";
import { RandomStream } from "../../src/random/random-stream.ts";

/** Pixels on a side of the picture. */
const SIDE = 336;

/** A picture of 336 x 336 random pixels, and 40 tokens of text: tokenizers of Qwen's kind give each digit a token. @param seed another one, another picture. */
export function benchInput(seed = 1): EmbeddingInput {
  const random = new RandomStream("picture", seed);
  const data = Uint8Array.from({ length: SIDE * SIDE * 3 }, () => random.integer(256));
  return { image: { width: SIDE, height: SIDE, data }, text: String(seed % 10).repeat(40) };
}
