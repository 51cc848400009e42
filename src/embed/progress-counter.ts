import type { EmbedProgress } from "./embed-options.ts";

/** Counts inputs and tells. */
export class ProgressCounter {
  readonly #total: number | undefined;
  readonly #tell: ((progress: EmbedProgress) => void) | undefined;
  #done = 0;
  #truncated = 0;

  constructor(total: number | undefined, tell: ((progress: EmbedProgress) => void) | undefined) {
    this.#total = total;
    this.#tell = tell;
  }

  /** Some more inputs are done, of which the texts of so many were cut. */
  add(done: number, truncated: number): void {
    if (done === 0) return;
    this.#done += done;
    this.#truncated += truncated;
    this.#tell?.({ done: this.#done, total: this.#total, truncated: this.#truncated });
  }
}
