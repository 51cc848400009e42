import type { EmojiCorpus } from "../../data/emoji/corpus.ts";
import type { EvaluationTask } from "../../data/emoji/tasks/task-types.ts";
import type { RunContext } from "../runs/run-context.ts";
import type { ReproducePreset } from "./presets.ts";

/** What every part of a reproduction works with. */
export interface ReproduceContext extends RunContext {
  readonly preset: ReproducePreset;
  readonly corpus: EmojiCorpus;
  /** The model that all runs start from, as the caller named it, if it did. */
  readonly base: string | undefined;
  readonly baseFolder: string;
  /** {@link baseFolder} as the report names it. */
  readonly baseLabel: string;
  /** The folder of the whole reproduction. */
  readonly out: string;
  /** The live page, as it was asked for. */
  readonly dashboard: number | true | undefined;
  /** What is reported is scored on these. */
  readonly testTasks: readonly EvaluationTask[];
}
