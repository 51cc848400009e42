import type { TrainingBatch } from "../batch-source.ts";

/** What tells a batch from others: all its texts, keys and answers. Pictures are left out, as they may lie elsewhere on every machine. */
export function batchKey(batch: TrainingBatch): string {
  return JSON.stringify(batch, (key, value: unknown) => (PICTURES.has(key) ? null : value));
}

const PICTURES: ReadonlySet<string> = new Set(["image", "images"]);
