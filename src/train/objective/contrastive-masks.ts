import { floatTensor, type FloatTensor } from "../../engine/tensor/tensor.ts";

/** Which targets of a batch are what to which query; each mask is [B, B + H] float32 of 0 and 1. */
export interface ContrastiveMasks {
  /** 1 where the target is a positive of the query. */
  readonly positives: FloatTensor;
  /** 1 where the target is no positive but must not count as a negative either. */
  readonly excluded: FloatTensor;
}

/**
 * Masks of a batch whose query i has target i as its positive, with hard negatives after the B targets.
 * A target j ≠ i with query i's key is a known duplicate of its positive, and so is a hard negative of that key: excluded.
 * @param keys B keys: what each query's positive shows, e.g. the code points of an emoji.
 * @param hardNegativeKeys H keys of the hard negatives, in the order of their rows.
 */
export function makeMasks(keys: readonly string[], hardNegativeKeys: readonly string[] = []): ContrastiveMasks {
  const targets = [...keys, ...hardNegativeKeys];
  const shape = [keys.length, targets.length];
  const entries = keys.flatMap((key, query) => targets.map((other, target) => ({ isPositive: query === target, isSame: key === other })));
  return {
    positives: floatTensor(
      shape,
      entries.map(({ isPositive }) => Number(isPositive)),
    ),
    excluded: floatTensor(
      shape,
      entries.map(({ isPositive, isSame }) => Number(isSame && !isPositive)),
    ),
  };
}
