import type { MpiWorld } from "./mpi-world.ts";

/** Numbers that are summed at once: 4 MB, and as much again while they are. */
const BLOCK = 1 << 20;

/**
 * Sums arrays over all processes, in place. Each process sums a segment of every block, in double precision and in the order of ranks, and gives it to all others:
 * what travels is what a ring's reduction would send, but the bits are the same on all processes, in every run and with every library.
 */
export class OrderedSum {
  readonly #world: MpiWorld;
  #received = new Float32Array(0);
  #sums = new Float64Array(0);

  constructor(world: MpiWorld) {
    this.#world = world;
  }

  reduce(values: Float32Array): void {
    for (let at = 0; at < values.length; at += BLOCK) this.#block(values.subarray(at, at + BLOCK));
  }

  #block(block: Float32Array): void {
    const { rank, size } = this.#world;
    const segments = Int32Array.from({ length: size }, (_, of) => bound(block.length, of + 1, size) - bound(block.length, of, size));
    const own = segments[rank] as number;
    if (this.#received.length < own * size) this.#received = new Float32Array(own * size);
    const received = this.#received.subarray(0, own * size);
    const ownOfEach = Int32Array.from({ length: size }, () => own);
    this.#world.exchange(bytesOf(block), inBytes(segments), bytesOf(received), inBytes(ownOfEach));
    const sum = this.#sumParts(received, own);
    this.#world.gather(bytesOf(sum), bytesOf(block), inBytes(segments));
  }

  /** @param parts that of each rank, one after another. @returns their sum, in the place of the first. */
  #sumParts(parts: Float32Array, length: number): Float32Array {
    if (this.#sums.length < length) this.#sums = new Float64Array(length);
    const sums = this.#sums.subarray(0, length).fill(0);
    for (let start = 0; start < parts.length; start += length) {
      for (let at = 0; at < length; at++) sums[at] = (sums[at] as number) + (parts[start + at] as number);
    }
    const sum = parts.subarray(0, length);
    sum.set(sums);
    return sum;
  }
}

/** The memory of an array as bytes: a view, not a copy. */
export function bytesOf({ buffer, byteOffset, byteLength }: NodeJS.TypedArray): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function bound(length: number, rank: number, size: number): number {
  return Math.floor((length * rank) / size);
}

function inBytes(counts: Int32Array): Int32Array {
  return counts.map((count) => count * Float32Array.BYTES_PER_ELEMENT);
}
