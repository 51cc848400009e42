import type { EmojiCorpus } from "../../data/emoji/corpus.ts";
import type { TrainingExample } from "../../data/emoji/tasks/task-types.ts";
import { TrainingSampler, type TrainingSamplerOptions } from "../../data/emoji/tasks/training-sampler.ts";
import type { BatchSource, ContrastiveBatch } from "../batch-source.ts";

/** Batches of the six emoji tasks. */
export function taskSource(corpus: EmojiCorpus, options: TrainingSamplerOptions): BatchSource {
  const sampler = new TrainingSampler(corpus, options);
  return { batch: (step) => toContrastiveBatch(sampler.batch(step)) };
}

/** Queries and their answers, then the hard negatives of all; a hard negative never counts as another query's answer. */
export function toContrastiveBatch({
  task,
  examples,
}: {
  readonly task: string;
  readonly examples: readonly TrainingExample[];
}): ContrastiveBatch {
  const hardNegatives = examples.flatMap((example) => example.hardNegatives ?? []);
  return {
    kind: "contrastive",
    task,
    queries: examples.map(({ query }) => query),
    targets: [...examples.map(({ positive }) => positive), ...hardNegatives],
    targetKeys: [...examples.map(({ positiveKey }) => positiveKey), ...hardNegatives.map((_, at) => `hard negative ${at}`)],
  };
}
