import type { EmbeddingInput, PromptInput } from "../inputs/embedding-input.ts";

/** A batch for the contrastive loss. */
export interface ContrastiveBatch {
  readonly kind: "contrastive";
  /** Name of the task it is drawn from. */
  readonly task: string;
  /** B queries. */
  readonly queries: readonly PromptInput[];
  /** B targets, target i the positive of query i, then H hard negatives. */
  readonly targets: readonly PromptInput[];
  /** B + H: what each target is. Targets of one key are never negatives of each other's queries. */
  readonly targetKeys: readonly string[];
}

/** A batch for language modelling. */
export interface LanguageBatch {
  readonly kind: "language";
  readonly task: string;
  readonly examples: readonly { readonly input: EmbeddingInput; readonly answer: string }[];
}

export type TrainingBatch = ContrastiveBatch | LanguageBatch;

/** Where batches come from. A batch depends on the step alone, so that a resumed run goes on where it stopped without replaying anything. */
export interface BatchSource {
  batch(step: number): Promise<TrainingBatch> | TrainingBatch;
}

/** Inputs of a batch, both sides together. */
export function batchSize(batch: TrainingBatch): number {
  return batch.kind === "language" ? batch.examples.length : batch.queries.length + batch.targets.length;
}
