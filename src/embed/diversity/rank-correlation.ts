import { symmetricMatrix, type PathMatrix } from "./path-matrix.ts";

/**
 * The mean, over all rows added, of the Spearman correlation between two paths' scores of the row's candidates.
 * Rows in which one of the two paths scores all candidates alike are left out for that pair.
 */
export class RankCorrelation {
  readonly #pathCount: number;
  readonly #sums: Float64Array;
  readonly #counts: Float64Array;

  constructor(pathCount: number) {
    this.#pathCount = pathCount;
    this.#sums = new Float64Array(pathCount * pathCount);
    this.#counts = new Float64Array(pathCount * pathCount);
  }

  /** Takes a row in. @param scores one list per path, of the same candidates in the same order. */
  add(scores: readonly ArrayLike<number>[]): void {
    const ranks = scores.map(standardRanks);
    for (let left = 0; left < this.#pathCount; left++) {
      for (let right = left; right < this.#pathCount; right++) {
        const correlation = correlate(ranks[left], ranks[right]);
        if (correlation === undefined) continue;
        const at = left * this.#pathCount + right;
        this.#sums[at] = (this.#sums[at] as number) + correlation;
        this.#counts[at] = (this.#counts[at] as number) + 1;
      }
    }
  }

  /** [N, N]; null for pairs that no row could compare. */
  mean(): PathMatrix {
    return symmetricMatrix(this.#pathCount, (left, right) => {
      const at = left * this.#pathCount + right;
      return (this.#sums[at] as number) / (this.#counts[at] as number);
    });
  }
}

/**
 * Spearman's rank correlation of two lists: the Pearson correlation of their ranks, tied values sharing their mean rank.
 * NaN if one of the lists does not vary.
 */
export function spearman(left: ArrayLike<number>, right: ArrayLike<number>): number {
  return correlate(standardRanks(left), standardRanks(right)) ?? Number.NaN;
}

/** Ranks from 1, ties sharing their mean rank. */
export function averageRanks(values: ArrayLike<number>): Float64Array {
  const order = Uint32Array.from({ length: values.length }, (_, place) => place);
  order.sort((first, second) => (values[first] as number) - (values[second] as number));
  const ranks = new Float64Array(values.length);
  for (let start = 0; start < order.length;) {
    let end = start + 1;
    while (end < order.length && values[order[end] as number] === values[order[start] as number]) end++;
    for (let at = start; at < end; at++) ranks[order[at] as number] = (start + 1 + end) / 2;
    start = end;
  }
  return ranks;
}

/** Ranks of mean 0 and length 1; undefined if all values are equal. */
function standardRanks(values: ArrayLike<number>): Float64Array | undefined {
  const ranks = averageRanks(values);
  const centre = (ranks.length + 1) / 2;
  let square = 0;
  for (const rank of ranks) square += (rank - centre) ** 2;
  return square === 0 ? undefined : ranks.map((rank) => (rank - centre) / Math.sqrt(square));
}

function correlate(left: Float64Array | undefined, right: Float64Array | undefined): number | undefined {
  if (left === undefined || right === undefined) return undefined;
  let sum = 0;
  for (let at = 0; at < left.length; at++) sum += (left[at] as number) * (right[at] as number);
  return sum;
}
