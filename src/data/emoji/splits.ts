import { RandomStream } from "../../random/random-stream.ts";

/** The three parts of the corpus; they share no concept and no variant of one. */
export type Split = "train" | "validation" | "test";

/** Fixed for good: a model's training concepts must stay its training concepts. */
const SPLIT_SEED = 1;
const SHARES: readonly (readonly [Split, number])[] = [
  ["train", 0.7],
  ["validation", 0.1],
  ["test", 0.2],
];

/**
 * The part a group of variants belongs to: 70 % train, 10 % validation, 20 % test. It depends on the group's name alone, so concepts that a later
 * package adds move no other.
 */
export function splitOf(variantGroup: string): Split {
  let draw = new RandomStream(SPLIT_SEED, "split", variantGroup).uniform();
  for (const [split, share] of SHARES) {
    if (draw < share) return split;
    draw -= share;
  }
  return "test";
}
