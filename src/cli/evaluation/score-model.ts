import type { EmojiCorpus } from "../../data/emoji/corpus.ts";
import type { EvaluationTask } from "../../data/emoji/tasks/task-types.ts";
import type { Embedder } from "../../embed/embedder.ts";
import { ConfigError } from "../../errors/families.ts";
import { emojiBaselines, emojiBenchmark, pixelFact, type EmojiBenchmarkOptions } from "../../eval/benchmark/emoji-benchmark.ts";
import { evaluateEmbedder } from "../../eval/benchmark/evaluate-embedder.ts";
import { CaseCollector } from "../../eval/cases/case-collector.ts";
import { withPictures } from "../../eval/cases/case-pictures.ts";
import { InputItems } from "../../eval/cases/input-items.ts";
import { buildReport } from "../../eval/report/build-report.ts";
import type { Report } from "../../eval/report/report-types.ts";
import type { CommandContext } from "../command-module.ts";
import { showProgress } from "./show-progress.ts";

/** What a model is scored on. */
export interface ScoreModelOptions extends EmojiBenchmarkOptions {
  readonly corpus: EmojiCorpus;
  /** The path that stands for the model where one is used, from 0; 0 if not given. */
  readonly singlePath?: number | undefined;
}

/** Scores one model on the emoji benchmark: a report of one model, with baselines and intervals. @throws {ConfigError} if it has no such path. @throws {AbortedError} when the signal fires. */
export async function scoreModel(
  model: Embedder,
  { corpus, singlePath = 0, ...benchmark }: ScoreModelOptions,
  context: Pick<CommandContext, "progress" | "signal">,
): Promise<Report> {
  checkPath(singlePath, model);
  const tasks = emojiBenchmark(corpus, benchmark);
  const shown = showProgress(context, { label: "embed", unit: "inputs" });
  const items = new InputItems();
  const collector = new CaseCollector<EvaluationTask>(items.describe);
  const options = { ...shown.options, watch: collector.watch };
  const evaluation = await evaluateEmbedder((inputs) => model.embedSet(inputs), tasks, options).finally(shown.finish);
  const id = "model";
  return buildReport({
    title: `${model.name} on emoji, ${benchmark.split}`,
    createdAt: new Date(),
    facts: [
      { label: "Model", value: model.name },
      { label: "Split", value: SPLITS[benchmark.split] },
      ...(model.pathCount === 1 ? [] : [{ label: "Single path", value: `path ${singlePath}` }]),
      pixelFact(corpus, benchmark.split),
    ],
    baselines: emojiBaselines(tasks),
    models: [{ id, name: model.name, role: "main", runs: [{ seed: 0, evaluation, singlePath }] }],
    reference: id,
    main: id,
    cases: await withPictures(collector.tasks, items.open),
  });
}

function checkPath(path: number, { name, pathCount }: Embedder): void {
  if (path < pathCount) return;
  const expected = `a path from 0 to ${pathCount - 1}`;
  throw new ConfigError({
    message: `there is no path ${path}: ${name} has ${pathCount}; give ${expected}`,
    details: { field: "path", got: path, expected },
  });
}

const SPLITS = {
  test: "test: held-out concepts, and drawings of a vendor that no training showed (OpenMoji)",
  validation: "validation: held-out concepts, in drawings of the known vendors",
} as const;
