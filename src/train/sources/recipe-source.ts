import { resolve } from "node:path";
import type { EmojiCorpus } from "../../data/emoji/corpus.ts";
import { queryInstruction, TARGET_IMAGE_INSTRUCTION } from "../../data/emoji/tasks/instructions.ts";
import { TASK_FAMILIES, type TaskFamily } from "../../data/emoji/tasks/task-types.ts";
import type { TrainingSamplerOptions } from "../../data/emoji/tasks/training-sampler.ts";
import type { DrawnImage } from "../../data/images/drawn-image.ts";
import { loadIconCorpus, type IconCorpus } from "../../data/icons/icon-corpus.ts";
import { PretrainingSampler } from "../../data/pretraining/pretraining-sampler.ts";
import { SEARCH_INSTRUCTIONS } from "../../model/folder/polyvec-config.ts";
import { RandomStream } from "../../random/random-stream.ts";
import type { OpenDataOptions, OpenedData } from "./opened-data.ts";
import { openPairData } from "./pairs/open-pair-data.ts";
import type { Recipe, RecipeData } from "../recipe/recipe-types.ts";
import { enlargeSource } from "./enlarge-source.ts";
import { exampleSource, readAllExamples, textsOf } from "./example-source.ts";
import { mixSources } from "./mix-sources.ts";
import { pretrainingSource } from "./pretraining-source.ts";
import { taskSource } from "./task-source.ts";

type EmojiData = Exclude<RecipeData, { readonly kind: "examples" | "mmeb" }>;

/**
 * The data that a recipe names.
 * @param corpus the emoji, or how they are loaded if the recipe needs them.
 * @throws {DataError} if a picture package is missing or a row of examples wrong. @throws {ConfigError} if a share or weight is wrong.
 * @throws {FileError} if examples cannot be read.
 */
export async function openRecipeData(
  { data, seed }: Pick<Recipe, "data" | "seed">,
  corpus: EmojiCorpus | (() => Promise<EmojiCorpus>),
  options: OpenDataOptions = {},
): Promise<OpenedData> {
  if (data.kind === "mmeb") return openPairData({ data, seed }, options);
  if (data.kind !== "examples") return openEmoji({ data, seed }, typeof corpus === "function" ? await corpus() : corpus, options);
  const rows = await readAllExamples(resolve(options.folder ?? ".", data.file));
  return { source: exampleSource(rows, { seed, batchSize: data.batchSize }), texts: () => textsOf(rows), instructions: {} };
}

async function openEmoji(
  { data, seed }: { readonly data: EmojiData; readonly seed: number },
  corpus: EmojiCorpus,
  { signal }: OpenDataOptions,
): Promise<OpenedData> {
  const { mixture: _, ...shared } = samplerOptions(data, seed);
  const tasks = taskSource(corpus, samplerOptions(data, seed));
  const enlarging = { seed, share: data.enlargeShare, size: corpus.size };
  switch (data.kind) {
    case "emoji-tasks": {
      const source = enlargeSource(tasks, enlarging);
      const heldBytes = pictureBytes(corpus.concepts);
      return { source, heldBytes, texts: () => trainingTexts(corpus, undefined), instructions: emojiInstructions() };
    }
    case "emoji-pretraining": {
      const icons = await loadIconCorpus(corpus, signal === undefined ? {} : { signal });
      const { captionShare, iconShare, canvasShare } = data;
      const pairs = data.contrastiveTasks === undefined ? {} : { contrastiveTasks: data.contrastiveTasks };
      const sampler = new PretrainingSampler(corpus, icons, { ...shared, captionShare, iconShare, canvasShare, ...pairs });
      const source = enlargeSource(mixSources({ seed, share: data.taskShare }, pretrainingSource(sampler), tasks), enlarging);
      const heldBytes = pictureBytes(corpus.concepts) + pictureBytes(icons.concepts);
      return { source, heldBytes, texts: () => trainingTexts(corpus, icons), instructions: emojiInstructions() };
    }
  }
}

/** Bytes of the decoded drawings. */
function pictureBytes(concepts: readonly { readonly drawings: ReadonlyMap<string, DrawnImage> }[]): number {
  const drawings = concepts.flatMap((concept) => [...concept.drawings.values()]);
  return drawings.reduce((sum, { image, alpha }) => sum + image.data.length + alpha.length, 0);
}

/** How the batches of the six tasks are drawn. */
export function samplerOptions(data: EmojiData, seed: number): TrainingSamplerOptions {
  const canvases = data.canvasBatchSize === undefined ? {} : { canvasBatchSize: data.canvasBatchSize };
  const mixture = data.mixture === undefined ? {} : { mixture: weightsOf(data.mixture) };
  return { seed, batchSize: data.batchSize, ...canvases, augmentation: data.augment, ...mixture };
}

/** What queries and pictures are told in evaluations, by task. */
function emojiInstructions(): Record<string, string> {
  const context = { purpose: "evaluation", stream: new RandomStream("instructions") } as const;
  const queries = TASK_FAMILIES.map((family) => [family, queryInstruction(family, context)] as const);
  return { ...Object.fromEntries(queries), [SEARCH_INSTRUCTIONS.target]: TARGET_IMAGE_INSTRUCTION };
}

/** The weights that are given. */
function weightsOf(mixture: { readonly [K in TaskFamily]?: number | undefined }): Partial<Record<TaskFamily, number>> {
  return Object.fromEntries(Object.entries(mixture).filter(([, weight]) => weight !== undefined));
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
