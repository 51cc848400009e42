import { batchSize, type TrainingBatch } from "../batch-source.ts";

/** Inputs that are encoded at once: of each side alike, or of queries and of targets. */
export type ChunkSize = number | ChunkSizes;

/** Chunk sizes of the two sides of a batch. */
export interface ChunkSizes {
  readonly queries: number;
  readonly targets: number;
}

/** The sizes for both sides. */
export function chunkSizesOf(chunkSize: ChunkSize): ChunkSizes {
  return typeof chunkSize === "number" ? { queries: chunkSize, targets: chunkSize } : chunkSize;
}

/** Whether a batch goes through in chunks. It runs whole if all of its inputs together are no more than the smaller chunk, which surely fits into memory. */
export function needsChunks(batch: TrainingBatch, chunkSize: ChunkSize): boolean {
  const { queries, targets } = chunkSizesOf(chunkSize);
  return batchSize(batch) > (batch.kind === "language" ? queries : Math.min(queries, targets));
}
