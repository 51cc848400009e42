import type { ImageOpener } from "../../../data/pairs/pair-input.ts";
import { WorkerPool } from "../../../embed/threads/worker-pool.ts";
import { isVerbatim, type ImageSource, type PromptInput } from "../../../inputs/embedding-input.ts";
import type { BatchSource, TrainingBatch } from "../../batch-source.ts";
import type { PairReading } from "./pair-worker.ts";

/** A batch that takes longer to read than this, in ms, is worth a thread. */
const SLOW_MS = 250;

/** How pairs are read. */
export interface ThreadedPairsOptions {
  /** The same source on this thread. */
  readonly here: BatchSource;
  readonly openImage: ImageOpener;
  /** What a thread needs to know to be that source. */
  readonly reading: PairReading;
  /** See {@link SLOW_MS}. */
  readonly slowMs?: number;
}

/**
 * Batches of pairs, read in a thread of their own if the first took long: so they are read while a step runs, which keeps this thread busy. They are the same
 * batches; what goes wrong is told as it is without a thread.
 */
export class ThreadedPairs implements BatchSource {
  readonly #options: ThreadedPairsOptions;
  #pool: Promise<WorkerPool<number, TrainingBatch>> | undefined;
  #isFirst = true;

  constructor(options: ThreadedPairsOptions) {
    this.#options = options;
  }

  /** Whether batches come from a thread. */
  get isThreaded(): boolean {
    return this.#pool !== undefined;
  }

  async batch(step: number): Promise<TrainingBatch> {
    const { here, openImage, slowMs = SLOW_MS } = this.#options;
    if (this.#pool !== undefined) {
      const read = await this.#pool.then((pool) => pool.run(step)).catch(() => undefined);
      return read === undefined ? here.batch(step) : withImages(read, openImage);
    }
    const start = performance.now();
    const batch = await here.batch(step);
    if (this.#isFirst && performance.now() - start > slowMs) this.#pool = this.#start();
    this.#isFirst = false;
    return batch;
  }

  /** Ends the thread, if there is one; a second call does nothing. */
  async dispose(): Promise<void> {
    const pool = await this.#pool?.catch(() => undefined);
    await pool?.dispose();
  }

  #start(): Promise<WorkerPool<number, TrainingBatch>> {
    const file = { built: new URL("./pair-worker.js", import.meta.url), source: new URL("./pair-worker.ts", import.meta.url) };
    return WorkerPool.start({ file, threads: 1, tasksPerThread: 1, stay: true, workerData: this.#options.reading, teardown: "close" });
  }
}

/** A batch whose images are paths, with what they open. */
function withImages(batch: TrainingBatch, openImage: ImageOpener): TrainingBatch {
  if (batch.kind === "language") return batch;
  const opened = (input: PromptInput): PromptInput => withOpened(input, openImage);
  return { ...batch, queries: batch.queries.map(opened), targets: batch.targets.map(opened) };
}

function withOpened(input: PromptInput, openImage: ImageOpener): PromptInput {
  const open = (image: ImageSource): ImageSource => (typeof image === "string" ? openImage(image) : image);
  if (isVerbatim(input)) return input.images === undefined ? input : { ...input, images: input.images.map(open) };
  return input.image === undefined ? input : { ...input, image: open(input.image) };
}
