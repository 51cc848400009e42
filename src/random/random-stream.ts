import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import type { RandomGenerator } from "pure-rand/types/RandomGenerator";
import { invariant } from "../errors/families.ts";

/** A part of a stream's name: streams of different names are independent. */
export type StreamKey = string | number;

/**
 * A seeded source of random numbers, named by its keys: the same keys give the same numbers on every machine.
 * Anything drawn for step s is drawn from `new RandomStream(seed, "batch", s)`, so nothing needs replaying on resume.
 */
export class RandomStream {
  readonly #generator: RandomGenerator;
  #spareNormal: number | undefined;

  constructor(...keys: readonly StreamKey[]) {
    this.#generator = xoroshiro128plus(hashKeys(keys));
  }

  /** A number in [0, 1). */
  uniform(): number {
    return uniformFloat64(this.#generator);
  }

  /** An integer in [0, limit). */
  integer(limit: number): number {
    return uniformInt(this.#generator, 0, limit - 1);
  }

  /** A draw from the standard normal distribution (Box-Muller). */
  normal(): number {
    if (this.#spareNormal !== undefined) {
      const spare = this.#spareNormal;
      this.#spareNormal = undefined;
      return spare;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.#spareNormal = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** One of the items, each as likely as the others. Of an empty list is a bug. */
  pick<T>(items: readonly T[]): T {
    invariant(items.length > 0, "a pick from an empty list");
    return items[this.integer(items.length)] as T;
  }

  /** A shuffled copy (Fisher-Yates). */
  shuffle<T>(items: readonly T[]): T[] {
    const shuffled = [...items];
    for (let last = shuffled.length - 1; last > 0; last--) {
      const other = this.integer(last + 1);
      [shuffled[last], shuffled[other]] = [shuffled[other] as T, shuffled[last] as T];
    }
    return shuffled;
  }

  /** `count` different items in random order (all of them, shuffled, if there are fewer). */
  sample<T>(items: readonly T[], count: number): T[] {
    return this.shuffle(items).slice(0, count);
  }

  /** `length` draws from a normal distribution of mean 0. */
  normals(length: number, standardDeviation = 1): Float32Array {
    return Float32Array.from({ length }, () => this.normal() * standardDeviation);
  }
}

/** FNV-1a over the keys' text, finished as in MurmurHash3: an int32 seed. */
function hashKeys(keys: readonly StreamKey[]): number {
  let hash = 0x811c9dc5;
  for (const character of keys.map((key) => `${typeof key}:${key}`).join("\u0000")) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
