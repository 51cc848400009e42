import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { openImageStore, type ImageStore } from "../../data/image-store/image-store.ts";
import { findPairs, openPairs } from "../../data/pairs/open-pairs.ts";
import type { Embedder } from "../../embed/embedder.ts";
import type { EmbeddingSet } from "../../embed/embedding-set.ts";
import { evaluateModel, type WatchTask } from "../../eval/evaluate.ts";
import { ExplainCollector } from "../../eval/explain/explain-collector.ts";
import { makePairTask, type PairTask } from "../../eval/explain/pair-task.ts";
import type { CommandContext } from "../command-module.ts";
import { showProgress } from "../evaluation/show-progress.ts";
import type { ExplainOptions } from "./explain-options.ts";
import { openModel } from "./open-model.ts";
import { tellExplanation } from "./tell-explanation.ts";

/** The split that folders of pairs are read from, as `train` does if nothing is said. */
const SPLIT = "original";

/** Explains a model on the user's own queries. */
export async function explainQueries(name: string | undefined, options: ExplainOptions, context: CommandContext): Promise<void> {
  const { queries = "", datasets, top } = options;
  const found = await findPairs(queries, { split: SPLIT, datasets });
  await using images = await openImageStore(options.images ?? (await folderOf(queries)));
  const tasks: PairTask[] = [];
  for (const files of found) {
    await using dataset = await openPairs(files);
    tasks.push(await makePairTask(dataset, { ...taskOptions(options, images), signal: context.signal }));
  }
  await using model = await openModel(name, options, context);
  const { watch, tasks: told } = new ExplainCollector<PairTask>(({ items }) => items, { top });
  await embedAndScore(model, tasks, { watch, context });
  const empty = tasks.reduce((sum, { emptyRows }) => sum + emptyRows, 0);
  const notices = empty === 0 ? [] : [`${empty} rows have no query or no answer and are left out.`];
  const facts = [{ label: "Queries of", value: queries }];
  await tellExplanation(
    { name: model.name, what: queries, tasks: told, open: (image) => images.read(image), facts, notices },
    options,
    context,
  );
}

function taskOptions({ subset, seed }: ExplainOptions, images: ImageStore): Omit<Parameters<typeof makePairTask>[1], "signal"> {
  return { open: (path) => images.image(path), limit: subset, seed };
}

async function embedAndScore(
  model: Embedder,
  tasks: readonly PairTask[],
  { watch, context }: { readonly watch: WatchTask<PairTask>; readonly context: CommandContext },
): Promise<void> {
  const { signal } = context;
  const total = tasks.reduce((sum, task) => sum + task.queries.length + task.candidates.length, 0);
  const shown = showProgress(context, { label: "embed", unit: "inputs" });
  let before = 0;
  const embed = async (list: PairTask["queries"]): Promise<EmbeddingSet> => {
    const from = before;
    before += list.length;
    return model.embedSet(list, { signal, onProgress: ({ done }) => shown.options.onProgress({ done: from + done, total }) });
  };
  await evaluateModel(tasks, embed, { signal, watch }).finally(shown.finish);
}

async function folderOf(path: string): Promise<string> {
  return (await stat(path)).isDirectory() ? path : dirname(path);
}
