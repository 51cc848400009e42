import type { EmojiCorpus } from "../../data/emoji/corpus.ts";
import type { EvaluationTask } from "../../data/emoji/tasks/task-types.ts";
import type { Embedder } from "../../embed/embedder.ts";
import { emojiBenchmark } from "../../eval/benchmark/emoji-benchmark.ts";
import { evaluateEmbedder } from "../../eval/benchmark/evaluate-embedder.ts";
import { InputItems } from "../../eval/cases/input-items.ts";
import { ExplainCollector } from "../../eval/explain/explain-collector.ts";
import type { CommandContext } from "../command-module.ts";
import { loadCorpus } from "../evaluation/load-corpus.ts";
import { showProgress } from "../evaluation/show-progress.ts";
import type { ExplainOptions } from "./explain-options.ts";
import { openModel } from "./open-model.ts";
import { tellExplanation, type ExplainedModel } from "./tell-explanation.ts";

/** Queries of each task, if nothing is said: as many as `eval` takes. */
const QUERIES = 300;

/** Explains a model on the emoji benchmark. */
export async function explainEmoji(name: string | undefined, options: ExplainOptions, context: CommandContext): Promise<void> {
  await using model = await openModel(name, options, context);
  const corpus = await loadCorpus(context);
  await tellExplanation(await watchEmoji(model, corpus, options, context), options, context);
}

/** Scores a model's paths on the tasks of a corpus. */
export async function watchEmoji(
  model: Embedder,
  corpus: EmojiCorpus,
  { split = "validation", tasks: families, subset = QUERIES, top }: Pick<ExplainOptions, "split" | "tasks" | "subset" | "top">,
  context: Pick<CommandContext, "progress" | "signal">,
): Promise<ExplainedModel> {
  const tasks = emojiBenchmark(corpus, { split, queriesPerTask: subset, ...(families !== undefined && { families }) });
  const items = new InputItems();
  const { watch, tasks: found } = new ExplainCollector<EvaluationTask>(items.describe, { top });
  const shown = showProgress(context, { label: "embed", unit: "inputs" });
  await evaluateEmbedder((inputs) => model.embedSet(inputs), tasks, { ...shown.options, watch }).finally(shown.finish);
  const what = `emoji, ${split}`;
  return { name: model.name, what, tasks: found, open: items.open, facts: [{ label: "Queries of", value: what }] };
}
