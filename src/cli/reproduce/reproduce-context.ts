import type { EmojiCorpus } from "../../data/emoji/corpus.ts";
import type { EvaluationTask } from "../../data/emoji/tasks/task-types.ts";
import type { Progress } from "../terminal/progress.ts";
import type { ReproducePreset } from "./presets.ts";

/** What every part of a reproduction works with. */
export interface ReproduceContext {
  readonly preset: ReproducePreset;
  readonly corpus: EmojiCorpus;
  /** The model that all runs start from, as the caller named it, if it did. */
  readonly base: string | undefined;
  readonly baseFolder: string;
  /** The same as the report names it. */
  readonly baseLabel: string;
  /** The folder of the whole reproduction. */
  readonly out: string;
  /** Choices are made on these. */
  readonly validationTasks: readonly EvaluationTask[];
  /** What is reported is scored on these. */
  readonly testTasks: readonly EvaluationTask[];
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly threads: number | undefined;
}
