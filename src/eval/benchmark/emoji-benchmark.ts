import { conceptsOf, type EmojiCorpus } from "../../data/emoji/corpus.ts";
import { scoreBaselines, scorePixelsByVendor } from "../../data/emoji/baselines.ts";
import { buildEvaluationTasks, type EvaluationTaskOptions } from "../../data/emoji/tasks/evaluation-tasks.ts";
import type { EvaluationTask } from "../../data/emoji/tasks/task-types.ts";
import { evenlySpaced } from "../evenly-spaced.ts";
import { percent } from "../report/format-number.ts";
import type { Baseline, Fact } from "../report/report-types.ts";

/** Draws the benchmark's rows: fixed, so that scores of different days can be compared. */
const BENCHMARK_SEED = 1;

/** Which part of the benchmark is run. */
export type EmojiBenchmarkOptions = Pick<EvaluationTaskOptions, "split" | "queriesPerTask" | "families">;

/** The tasks of the emoji benchmark. All choices are made on `validation`; `test` is for what is reported. */
export function emojiBenchmark(corpus: EmojiCorpus, options: EmojiBenchmarkOptions): EvaluationTask[] {
  return buildEvaluationTasks(corpus, { ...options, seed: BENCHMARK_SEED }).filter(({ rows }) => rows.length > 0);
}

/** What raw pixels and words in common reach, by the task's name; chance is added by the report itself. */
export function emojiBaselines(tasks: readonly EvaluationTask[]): Record<string, Baseline[]> {
  return Object.fromEntries(
    [...scoreBaselines(tasks)].map(([name, { pixels, words }]) => [
      name,
      [
        ...(pixels === null ? [] : [{ name: "raw pixels", score: pixels }]),
        ...(words === null ? [] : [{ name: "tag overlap", score: words }]),
      ],
    ]),
  );
}

/** Concepts that the pixels of pairs of vendors are compared on. */
const PIXEL_CONCEPTS = 150;

/** How alike the vendors' drawings are, by raw pixels: what image -> image has to be measured against. */
export function pixelFact(corpus: EmojiCorpus, split: EvaluationTaskOptions["split"]): Fact {
  const all = conceptsOf(corpus, split);
  const concepts = evenlySpaced(all.length, PIXEL_CONCEPTS).flatMap((place) => all[place] ?? []);
  const pairs = scorePixelsByVendor(concepts, BENCHMARK_SEED).sort((left, right) => right.precision - left.precision);
  const value = pairs.map(({ query, target, precision }) => `${query} → ${target} ${percent(precision)} %`).join(", ");
  return { label: `Raw pixels between vendors (P@1 of ${Math.min(100, concepts.length)})`, value };
}
