import { openImageStore } from "../../data/image-store/image-store.ts";
import { ExplainCollector } from "../../eval/explain/explain-collector.ts";
import { mmebItems } from "../../eval/mmeb/mmeb-items.ts";
import type { MmebTask } from "../../eval/mmeb/mmeb-task.ts";
import { watchDataset } from "../../eval/mmeb/run-dataset.ts";
import { visitDatasets } from "../../eval/mmeb/visit-datasets.ts";
import type { CommandContext } from "../command-module.ts";
import { defaultCache, requireFolders } from "../evaluation/mmeb/mmeb-options.ts";
import { openEmbedder } from "../evaluation/mmeb/open-embedder.ts";
import { showDatasets } from "../evaluation/mmeb/show-datasets.ts";
import type { ExplainOptions } from "./explain-options.ts";
import { tellExplanation } from "./tell-explanation.ts";

/** Explains a model, or a module that embeds, on MMEB; embeddings are taken from the cache that `eval` fills. */
export async function explainMmeb(name: string | undefined, options: ExplainOptions, context: CommandContext): Promise<void> {
  const folders = requireFolders(options);
  const { datasets, subset, seed, missingImages, cache = defaultCache(), prompts, resolution, top } = options;
  await using opened = await openEmbedder(name, options, context);
  await using images = await openImageStore(folders.images);
  const shown = showDatasets(context);
  const { watch, tasks } = new ExplainCollector<MmebTask>(mmebItems, { top });
  const where = { data: folders.data, images, cache, datasets, subset };
  const visit = { ...where, seed, missingImages, signal: context.signal, onProgress: shown.onProgress };
  await visitDatasets(opened.embedder, visit, async ({ source, context: run }) => {
    await watchDataset(source, run, watch);
  }).finally(shown.finish);
  const facts = [
    { label: "Queries of", value: "MMEB" },
    { label: "Prompts", value: opened.embedder.style === "everything" ? "the module's own" : prompts },
    { label: "Resolution", value: resolution },
    { label: "Rows", value: subset === undefined ? "all" : `the first ${subset} of each dataset` },
  ];
  const { name: embedder } = opened.embedder;
  await tellExplanation({ name: embedder, what: "MMEB", tasks, open: (image) => images.read(image), facts }, options, context);
}
