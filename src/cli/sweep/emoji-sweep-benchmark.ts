import { join } from "node:path";
import type { EmojiCorpus } from "../../data/emoji/corpus.ts";
import type { EvaluationTask } from "../../data/emoji/tasks/task-types.ts";
import { DistinctInputs } from "../../eval/benchmark/distinct-inputs.ts";
import { emojiBenchmark } from "../../eval/benchmark/emoji-benchmark.ts";
import { evenlySpaced } from "../../eval/evenly-spaced.ts";
import { scoreRun } from "../runs/remembered-evaluation.ts";
import type { ModelRunContext } from "../runs/run-context.ts";
import type { SweepBenchmark, SweepPart } from "./sweep-benchmark.ts";
import type { EmojiSweepEvaluation } from "./sweep-definition.ts";

/** Inputs that embedding is timed on. */
const TIMED = 64;

/** The emoji benchmark: choices on its validation part, the test on held-out concepts and a vendor that no training showed. */
export function emojiSweepBenchmark(corpus: EmojiCorpus, { queries }: EmojiSweepEvaluation, context: ModelRunContext): SweepBenchmark {
  const parts = new Map<SweepPart, EvaluationTask[]>();
  const tasksOf = (part: SweepPart): EvaluationTask[] => {
    const tasks = parts.get(part) ?? emojiBenchmark(corpus, { split: part, queriesPerTask: queries });
    parts.set(part, tasks);
    return tasks;
  };
  return {
    facts: [{ label: "Validation", value: `the emoji benchmark's validation part, at most ${queries} queries a task` }],
    notices: [],
    score: ({ label, folder }, part) =>
      scoreRun({ label, folder, file: join(folder, `evaluation-${part}.json`), tasks: tasksOf(part) }, context),
    timedInputs() {
      const all = new DistinctInputs(tasksOf("validation")).inputs;
      return Promise.resolve(evenlySpaced(all.length, TIMED).flatMap((place) => all[place] ?? []));
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
