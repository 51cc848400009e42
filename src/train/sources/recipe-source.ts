import type { EmojiCorpus } from "../../data/emoji/corpus.ts";
import type { BatchSource } from "../batch-source.ts";
import type { Recipe } from "../recipe/recipe-types.ts";
import { taskSource } from "./task-source.ts";

/** What a recipe trains on: its batches, and the texts that a tokenizer made for it learns from. */
export interface RecipeData {
  readonly source: BatchSource;
  readonly texts: () => Iterable<string>;
}

/** The data that a recipe names. */
export async function openRecipeData({ data, seed }: Recipe, corpus: EmojiCorpus): Promise<RecipeData> {
  const texts = (): Iterable<string> => trainingTexts(corpus);
  const shared = { seed, batchSize: data.batchSize, augmentation: data.augment };
  switch (data.kind) {
    case "emoji-tasks":
      return { source: taskSource(corpus, { ...shared, ...(data.mixture === undefined ? {} : { mixture: data.mixture }) }), texts };
    case "emoji-pretraining":
      return { source: taskSource(corpus, shared), texts };
  }
}

/** Labels and tags of the training concepts. */
function* trainingTexts(corpus: EmojiCorpus): Generator<string> {
  for (const { split, label, tags } of corpus.concepts) {
    if (split !== "train") continue;
    yield label;
    yield* tags;
  }
}
