import type { EmojiCorpus } from "../../data/emoji/corpus.ts";
import { loadIconCorpus, type IconCorpus } from "../../data/icons/icon-corpus.ts";
import { PretrainingSampler } from "../../data/pretraining/pretraining-sampler.ts";
import type { BatchSource } from "../batch-source.ts";
import type { Recipe } from "../recipe/recipe-types.ts";
import { mixSources } from "./mix-sources.ts";
import { pretrainingSource } from "./pretraining-source.ts";
import { taskSource } from "./task-source.ts";

/** What a recipe trains on: its batches, and the texts that a tokenizer made for it learns from. */
export interface OpenedData {
  readonly source: BatchSource;
  readonly texts: () => Iterable<string>;
}

/** The data that a recipe names. @throws {DataError} if a picture package is missing. @throws {ConfigError} if a share or weight is wrong. */
export async function openRecipeData({ data, seed }: Recipe, corpus: EmojiCorpus): Promise<OpenedData> {
  const shared = { seed, batchSize: data.batchSize, augmentation: data.augment };
  switch (data.kind) {
    case "emoji-tasks": {
      const mixture = data.mixture === undefined ? {} : { mixture: data.mixture };
      return { source: taskSource(corpus, { ...shared, ...mixture }), texts: () => trainingTexts(corpus, undefined) };
    }
    case "emoji-pretraining": {
      const icons = await loadIconCorpus(corpus);
      const { captionShare, iconShare, canvasShare } = data;
      const tasks = data.contrastiveTasks === undefined ? {} : { contrastiveTasks: data.contrastiveTasks };
      const sampler = new PretrainingSampler(corpus, icons, { ...shared, captionShare, iconShare, canvasShare, ...tasks });
      const source = mixSources({ seed, share: data.taskShare }, pretrainingSource(sampler), taskSource(corpus, shared));
      return { source, texts: () => trainingTexts(corpus, icons) };
    }
  }
}

/** Labels and tags of the training concepts, names and tags of the icons. */
function* trainingTexts(corpus: EmojiCorpus, icons: IconCorpus | undefined): Generator<string> {
  for (const { split, label, tags } of corpus.concepts) {
    if (split !== "train") continue;
    yield label;
    yield* tags;
  }
  for (const { label, tags } of icons?.concepts ?? []) {
    yield label;
    yield* tags;
  }
}
