import { dirname } from "node:path";
import { stat } from "node:fs/promises";
import { openImageStore } from "../../data/image-store/image-store.ts";
import type { EvaluationTask } from "../../data/emoji/tasks/task-types.ts";
import { findPairs, openPairs } from "../../data/pairs/open-pairs.ts";
import { loadModel } from "../../embed/load-model.ts";
import type { Embedder } from "../../embed/embedder.ts";
import { emojiBenchmark } from "../../eval/benchmark/emoji-benchmark.ts";
import { evaluateEmbedder } from "../../eval/benchmark/evaluate-embedder.ts";
import type { PictureOpener } from "../../eval/cases/case-pictures.ts";
import { InputItems } from "../../eval/cases/input-items.ts";
import { evaluateModel } from "../../eval/evaluate.ts";
import { ExplainCollector, type TaskFindings } from "../../eval/explain/explain-collector.ts";
import { makePairTask, type PairTask } from "../../eval/explain/pair-task.ts";
import { mmebItems } from "../../eval/mmeb/mmeb-items.ts";
import type { MmebTask } from "../../eval/mmeb/mmeb-task.ts";
import { watchDataset } from "../../eval/mmeb/run-dataset.ts";
import { visitDatasets } from "../../eval/mmeb/visit-datasets.ts";
import type { Fact } from "../../eval/report/report-types.ts";
import type { CommandContext } from "../command-module.ts";
import { loadCorpus } from "../evaluation/load-corpus.ts";
import { defaultCache, requireFolders } from "../evaluation/mmeb/mmeb-options.ts";
import { openEmbedder } from "../evaluation/mmeb/open-embedder.ts";
import { showDatasets } from "../evaluation/mmeb/show-datasets.ts";
import { showProgress } from "../evaluation/show-progress.ts";
import { showDownload } from "../terminal/show-download.ts";
import { sourceOf, type ExplainOptions, type ExplainSource } from "./explain-options.ts";
import { tellExplanation } from "./tell-explanation.ts";

/** What was found, what it was found on, and how its pictures are had. */
export interface ExplainedModel {
  readonly name: string;
  /** What was scored, for the title. */
  readonly what: string;
  readonly tasks: readonly TaskFindings[];
  readonly open: PictureOpener;
  readonly facts: readonly Fact[];
  readonly notices: readonly string[];
}

type Explain = (model: string | undefined, options: ExplainOptions, context: CommandContext) => Promise<void>;

/** Explains what a model's paths do. @throws {UsageError} if the options do not fit each other. */
export const explain: Explain = (model, options, context) => EXPLAIN[sourceOf(options)](model, options, context);

const EXPLAIN: Readonly<Record<ExplainSource, Explain>> = { emoji: explainEmoji, mmeb: explainMmeb, queries: explainQueries };

const EMOJI_QUERIES = 300;

async function explainEmoji(name: string | undefined, options: ExplainOptions, context: CommandContext): Promise<void> {
  const { split = "validation", tasks: families, subset = EMOJI_QUERIES, top } = options;
  await using model = await open(name, options, context);
  const corpus = await loadCorpus(context);
  const tasks = emojiBenchmark(corpus, { split, queriesPerTask: subset, ...(families !== undefined && { families }) });
  const items = new InputItems();
  const collector = new ExplainCollector<EvaluationTask>(items.describe, { top });
  const shown = showProgress(context, { label: "embed", unit: "inputs" });
  const watched = { ...shown.options, watch: collector.watch };
  await evaluateEmbedder((inputs) => model.embedSet(inputs), tasks, watched).finally(shown.finish);
  const facts = [{ label: "Queries of", value: `emoji, ${split}` }];
  await tellExplanation({ name: model.name, what: `emoji, ${split}`, tasks: collector.tasks, open: items.open, facts, notices: [] }, options, context); // prettier-ignore
}

async function explainMmeb(name: string | undefined, options: ExplainOptions, context: CommandContext): Promise<void> {
  const folders = requireFolders(options);
  const { datasets, subset, seed, missingImages, cache = defaultCache(), prompts, resolution, top } = options;
  await using opened = await openEmbedder(name, options, context);
  await using images = await openImageStore(folders.images);
  const shown = showDatasets(context);
  const collector = new ExplainCollector<MmebTask>(mmebItems, { top });
  const visit = { data: folders.data, images, datasets, subset, seed, missingImages, cache, signal: context.signal, onProgress: shown.onProgress }; // prettier-ignore
  await visitDatasets(opened.embedder, visit, async ({ source, context: run }) => {
    await watchDataset(source, run, collector.watch);
  }).finally(shown.finish);
  const facts = [
    { label: "Queries of", value: "MMEB" },
    { label: "Prompts", value: opened.embedder.style === "everything" ? "the module's own" : prompts },
    { label: "Resolution", value: resolution },
    { label: "Rows", value: subset === undefined ? "all" : `the first ${subset} of each dataset` },
  ];
  await tellExplanation({ name: opened.embedder.name, what: "MMEB", tasks: collector.tasks, open: (image) => images.read(image), facts, notices: [] }, options, context); // prettier-ignore
}

async function explainQueries(name: string | undefined, options: ExplainOptions, context: CommandContext): Promise<void> {
  const { queries = "", subset, seed, datasets, top } = options;
  const found = await findPairs(queries, { split: "original", datasets });
  await using model = await open(name, options, context);
  await using images = await openImageStore(options.images ?? (await folderOf(queries)));
  const tasks: PairTask[] = [];
  for (const files of found) {
    await using dataset = await openPairs(files);
    const openImage = (path: string) => images.image(path); // prettier-ignore
    tasks.push(await makePairTask(dataset, { open: openImage, limit: subset, seed, signal: context.signal }));
  }
  const collector = new ExplainCollector<PairTask>(({ items }) => items, { top });
  await embedAndScore(model, tasks, collector, context);
  const empty = tasks.reduce((sum, { emptyRows }) => sum + emptyRows, 0);
  const notices = empty === 0 ? [] : [`${empty} rows have no query or no answer and are left out.`];
  const facts = [{ label: "Queries of", value: queries }];
  await tellExplanation({ name: model.name, what: queries, tasks: collector.tasks, open: (image) => images.read(image), facts, notices }, options, context); // prettier-ignore
}

async function embedAndScore(
  model: Embedder,
  tasks: readonly PairTask[],
  collector: ExplainCollector<PairTask>,
  context: CommandContext,
): Promise<void> {
  const total = tasks.reduce((sum, task) => sum + task.queries.length + task.candidates.length, 0);
  const shown = showProgress(context, { label: "embed", unit: "inputs" });
  let before = 0;
  const embed = async (list: PairTask["queries"]) /* prettier-ignore */ => {
    const from = before;
    before += list.length;
    return model.embedSet(list, { signal: context.signal, onProgress: ({ done }) => shown.options.onProgress({ done: from + done, total }) });
  };
  await evaluateModel(tasks, embed, { signal: context.signal, watch: collector.watch }).finally(shown.finish);
}

async function open(name: string | undefined, { threads }: ExplainOptions, context: CommandContext): Promise<Embedder> {
  return loadModel(name, { ...showDownload(context), ...(threads !== undefined && { threads }) });
}

async function folderOf(path: string): Promise<string> {
  return (await stat(path)).isDirectory() ? path : dirname(path);
}
