import { RandomStream, type StreamKey } from "./random-stream.ts";

const ROUNDS = 4;

/**
 * An order of the numbers 0 to `count` - 1 that is drawn from the keys alone and of which any place is known at once, without the others: a Feistel
 * network over the next power of four, walked on until the number is one of those that are ordered. Takes no memory, whatever `count`.
 */
export class Permutation {
  readonly count: number;
  readonly #halfBits: number;
  readonly #keys: readonly number[];

  constructor(count: number, ...keys: readonly StreamKey[]) {
    this.count = count;
    this.#halfBits = Math.max(1, Math.ceil(Math.log2(Math.max(2, count)) / 2));
    const stream = new RandomStream("permutation", ...keys);
    this.#keys = Array.from({ length: ROUNDS }, () => stream.integer(0x7fffffff));
  }

  /** The number at a place, 0 to `count` - 1. */
  at(place: number): number {
    let number = place;
    do number = this.#encrypt(number);
    while (number >= this.count);
    return number;
  }

  #encrypt(number: number): number {
    const size = 2 ** this.#halfBits;
    let [left, right] = [Math.floor(number / size), number % size];
    for (const key of this.#keys) [left, right] = [right, (left ^ mix(right, key)) & (size - 1)];
    return left * size + right;
  }
}

/** The finish of MurmurHash3. */
function mix(value: number, key: number): number {
  let hash = Math.imul(value ^ key, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
