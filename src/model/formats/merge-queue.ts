/** A pair of tokens and how often it occurs. */
export interface CountedPair {
  readonly key: number;
  readonly left: number;
  readonly right: number;
  readonly count: number;
}

/** Room for the ids of a pair in one number. */
const ID_LIMIT = 2 ** 26;

/**
 * The pairs of a training of byte-pair encoding by their counts: a heap whose entries may be out of date, corrected when they come up.
 * Order: count falling, then left id, then right id rising.
 */
export class MergeQueue {
  readonly #counts = new Map<number, number>();
  readonly #heap: CountedPair[] = [];
  readonly #changed = new Set<number>();

  /** Adds to a pair's count. @returns the pair's key. */
  add(left: number, right: number, change: number): number {
    const key = left * ID_LIMIT + right;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + change);
    if (change > 0) this.#changed.add(key);
    return key;
  }

  /** Puts the pairs whose count grew since the last call in their place. */
  settle(): void {
    for (const key of this.#changed) this.#push(key);
    this.#changed.clear();
  }

  /** Takes out the pair that comes first; undefined if none is left. */
  pop(): CountedPair | undefined {
    for (;;) {
      const first = this.#takeFirst();
      if (first === undefined) return undefined;
      const count = this.#counts.get(first.key) ?? 0;
      if (count === first.count) return first;
      if (count > 0 && count < first.count) this.#push(first.key);
    }
  }

  #push(key: number): void {
    const pair = { key, left: Math.floor(key / ID_LIMIT), right: key % ID_LIMIT, count: this.#counts.get(key) ?? 0 };
    if (pair.count <= 0) return;
    let place = this.#heap.push(pair) - 1;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!precedes(pair, this.#heap[parent] as CountedPair)) break;
      this.#heap[place] = this.#heap[parent] as CountedPair;
      place = parent;
    }
    this.#heap[place] = pair;
  }

  #takeFirst(): CountedPair | undefined {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (first === undefined || last === undefined || this.#heap.length === 0) return first;
    let place = 0;
    for (let child = 1; child < this.#heap.length; child = 2 * place + 1) {
      const right = this.#heap[child + 1];
      const smaller = right !== undefined && precedes(right, this.#heap[child] as CountedPair) ? child + 1 : child;
      if (!precedes(this.#heap[smaller] as CountedPair, last)) break;
      this.#heap[place] = this.#heap[smaller] as CountedPair;
      place = smaller;
    }
    this.#heap[place] = last;
    return first;
  }
}

function precedes(a: CountedPair, b: CountedPair): boolean {
  return a.count > b.count || (a.count === b.count && a.key < b.key);
}
