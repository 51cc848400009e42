import type { PretrainingSampler } from "../../data/pretraining/pretraining-sampler.ts";
import type { BatchSource } from "../batch-source.ts";
import { toContrastiveBatch } from "./task-source.ts";

/** Batches of captions and of pairs, for a base model. */
export function pretrainingSource(sampler: PretrainingSampler): BatchSource {
  return {
    batch(step) {
      const batch = sampler.batch(step);
      if (batch.kind === "caption")
        return { kind: "language", task: "caption", examples: batch.examples.map(({ input, output }) => ({ input, answer: output })) };
      return toContrastiveBatch(batch);
    },
  };
}
