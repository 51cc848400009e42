/** Lengths in short. */
export interface LengthSummary {
  /** Sides that were measured. */
  readonly count: number;
  readonly mean: number;
  readonly median: number;
  /** 95 of 100 are no longer. */
  readonly most: number;
  readonly longest: number;
  /** In equal steps from 0: how many lie in each. */
  readonly histogram: { readonly step: number; readonly counts: readonly number[] };
}

const BARS = 40;
const ROUND_STEPS = [1, 2, 5];

/** Counts lengths, each by itself: the memory is that of the different lengths. */
export class LengthCounter {
  readonly #counts = new Map<number, number>();
  #count = 0;

  add(length: number): void {
    this.#counts.set(length, (this.#counts.get(length) ?? 0) + 1);
    this.#count++;
  }

  /** Undefined if there was none. */
  summary(): LengthSummary | undefined {
    const sorted = [...this.#counts].sort(([left], [right]) => left - right);
    const longest = sorted.at(-1)?.[0];
    if (longest === undefined) return undefined;
    const sum = sorted.reduce((all, [length, count]) => all + length * count, 0);
    const step = stepFor(longest);
    const counts = Array.from({ length: Math.floor(longest / step) + 1 }, () => 0);
    for (const [length, count] of sorted) counts[Math.floor(length / step)] = (counts[Math.floor(length / step)] ?? 0) + count;
    const quantile = (share: number): number => this.#quantile(sorted, share);
    return {
      count: this.#count,
      mean: sum / this.#count,
      median: quantile(0.5),
      most: quantile(0.95),
      longest,
      histogram: { step, counts },
    };
  }

  #quantile(sorted: readonly (readonly [number, number])[], share: number): number {
    let left = Math.ceil(share * this.#count);
    for (const [length, count] of sorted) {
      left -= count;
      if (left <= 0) return length;
    }
    return 0;
  }
}

/** The smallest round step in which a length takes at most 40. */
function stepFor(longest: number): number {
  for (let power = 1; ; power *= 10) {
    const step = ROUND_STEPS.map((digit) => digit * power).find((width) => longest / width < BARS);
    if (step !== undefined) return step;
  }
}
