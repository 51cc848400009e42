import type { BatchSource, TrainingBatch } from "../batch-source.ts";

/**
 * A source that makes the next batch while the one before is used. Batches are asked for in their order, from any on; one that was not foreseen is made when it
 * is asked for. What goes wrong with a batch is told when it is asked for, not before.
 */
export class BatchesAhead implements BatchSource {
  readonly #source: BatchSource;
  readonly #end: number;
  #next: { readonly step: number; readonly batch: Promise<TrainingBatch> } | undefined;

  /** @param end no batch from this one on is made ahead. */
  constructor(source: BatchSource, end: number) {
    this.#source = source;
    this.#end = end;
  }

  async batch(step: number): Promise<TrainingBatch> {
    const foreseen = this.#next;
    this.#next = undefined;
    if (foreseen !== undefined && foreseen.step !== step) await foreseen.batch.catch(() => undefined); // one at a time
    const batch = await (foreseen?.step === step ? foreseen.batch : this.#source.batch(step));
    if (step + 1 < this.#end) this.#next = { step: step + 1, batch: this.#make(step + 1) };
    return batch;
  }

  /** Waits for what is being made. */
  async dispose(): Promise<void> {
    await this.#next?.batch.catch(() => undefined);
    this.#next = undefined;
  }

  #make(step: number): Promise<TrainingBatch> {
    const batch = Promise.resolve().then(() => this.#source.batch(step));
    batch.catch(() => undefined); // told when it is asked for
    return batch;
  }
}
