import { zeros, type FloatTensor } from "../engine/tensor/tensor.ts";
import type { NamedTensors } from "./optimizer/optimizer.ts";

/** Adds up gradients over chunks or batches, in memory of its own that is used again for the next sum. */
export class GradientSum {
  readonly #sums = new Map<string, FloatTensor>();
  readonly #touched = new Set<string>();

  /** Adds `scale` times the gradients; a weight that a part has no gradient for counts as 0 there. */
  add(gradients: NamedTensors, scale = 1): void {
    for (const [name, { shape, data }] of gradients) {
      const sum = this.#sumOf(name, shape);
      for (let at = 0; at < data.length; at++) sum[at] = (sum[at] as number) + scale * (data[at] as number);
    }
  }

  /** `scale` times what was added since the last call. Valid until the next `add`. */
  take(scale = 1): NamedTensors {
    const taken = new Map([...this.#touched].map((name) => [name, this.#sums.get(name) as FloatTensor]));
    this.#touched.clear();
    if (scale !== 1) for (const { data } of taken.values()) data.forEach((value, at) => (data[at] = value * scale));
    return taken;
  }

  /** Whether a part had a gradient for the weight. */
  has(name: string): boolean {
    return this.#touched.has(name);
  }

  /** The sum itself, zeros if no part had a gradient for the weight. */
  tensor(name: string, shape: readonly number[]): Float32Array {
    return this.#sumOf(name, shape);
  }

  /** Forgets what was added and not taken. */
  clear(): void {
    this.#touched.clear();
  }

  #sumOf(name: string, shape: readonly number[]): Float32Array {
    const known = this.#sums.get(name) ?? zeros(shape);
    this.#sums.set(name, known);
    if (!this.#touched.has(name)) known.data.fill(0);
    this.#touched.add(name);
    return known.data;
  }
}
