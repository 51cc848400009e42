import type { BatchProcessor } from "../../train/steps/batch-processor.ts";

/** Adds up the time that batches take before the model sees them: drawing and augmenting pictures, patches, tokens. */
export class PreparingWatch {
  readonly #seconds: number[] = [];

  /** A new batch begins. */
  begin(): void {
    this.#seconds.push(0);
  }

  /** Counts what `work` takes to the last batch. */
  async time<T>(work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await work();
    } finally {
      this.#seconds.push((this.#seconds.pop() ?? 0) + (performance.now() - start) / 1000);
    }
  }

  /** A processor whose time is counted. */
  processor(plain: BatchProcessor): BatchProcessor {
    return {
      embeddingBatch: (inputs) => this.time(async () => plain.embeddingBatch(inputs)),
      languageBatch: (examples) => this.time(async () => plain.languageBatch(examples)),
    };
  }

  /** Seconds of a batch, as most take: the first ones also compile the program. */
  median(): number {
    const sorted = this.#seconds.toSorted((a, b) => a - b);
    return sorted[sorted.length >> 1] ?? 0;
  }
}
