import type { loadEmojiCorpus, EmojiCorpus } from "../../data/emoji/corpus.ts";
import type { Embedder } from "../../embed/embedder.ts";
import { indexFolderOf, targetInstruction } from "../../search/index-pictures.ts";
import { updateIndex } from "../../search/update-index.ts";
import type { CommandContext } from "../command-module.ts";
import type { Collection } from "./collection.ts";
import { emojiId, listingOf, readEmojiIndex, toCollection, writeListing, type EmojiIndex } from "./emoji-index.ts";
import { emojiPackages } from "./emoji-packages.ts";
import { openShippedEmoji } from "./shipped-emoji.ts";
import { SEARCHED_SETS } from "./vendors.ts";

/** Where the emoji come from and go to; a test gives its own. */
export interface OpenEmojiOptions {
  readonly loadCorpus?: typeof loadEmojiCorpus;
  readonly cacheFolder?: string;
}

/**
 * The emoji of all vendors, embedded by a model: those that ship with it, else {@link drawnEmoji}.
 * @throws {DataError} as {@link drawnEmoji}.
 */
export async function openEmoji(model: Embedder, context: CommandContext, options: OpenEmojiOptions = {}): Promise<Collection> {
  return toCollection((await openShippedEmoji(model)) ?? (await drawnEmoji(model, context, options)));
}

/**
 * The emoji drawn from the installed packages. The first time they are drawn and embedded, later they come from the cache.
 * @throws {DataError} if the packages that hold them are not installed.
 */
export async function drawnEmoji(
  model: Embedder,
  context: Pick<CommandContext, "progress" | "signal">,
  { loadCorpus = loadInstalled, cacheFolder }: OpenEmojiOptions = {},
): Promise<EmojiIndex> {
  const folder = await indexFolderOf(model, "emoji", cacheFolder);
  const packages = await emojiPackages();
  const kept = await readEmojiIndex(folder);
  if (kept !== undefined && kept.listing.packages.join() === packages.join()) return kept;
  const corpus = await drawCorpus(loadCorpus, context);
  return embedEmoji(model, { folder, packages, context, corpus });
}

/** Loads what draws pictures only when pictures are to be drawn. */
async function loadInstalled(options: Parameters<typeof loadEmojiCorpus>[0]): Promise<EmojiCorpus> {
  return (await import("../../data/emoji/corpus.ts")).loadEmojiCorpus(options);
}

async function drawCorpus(
  loadCorpus: typeof loadEmojiCorpus,
  { progress, signal }: Pick<CommandContext, "progress" | "signal">,
): Promise<EmojiCorpus> {
  let task: ReturnType<typeof progress.task> | undefined;
  const corpus = await loadCorpus({
    signal,
    onProgress: ({ done, total }) => {
      task ??= progress.task({ label: "draw", total, unit: "drawings", itemUnit: "drawings" });
      task.update({ done });
    },
  });
  task?.finish();
  return corpus;
}

interface EmbedEmojiOptions {
  readonly folder: string;
  readonly packages: readonly string[];
  readonly context: Pick<CommandContext, "progress" | "signal">;
  readonly corpus: EmojiCorpus;
}

async function embedEmoji(model: Embedder, { folder, packages, context, corpus }: EmbedEmojiOptions): Promise<EmojiIndex> {
  const drawings = corpus.concepts.flatMap((concept) => SEARCHED_SETS.flatMap(({ name }) => concept.drawings.get(name) ?? []));
  context.progress.note("embedding the emoji; this is done once for a model");
  const task = context.progress.task({ label: "embed", total: drawings.length, unit: "drawings", itemUnit: "drawings" });
  const items = drawings.map(({ set, concept, image }) => ({
    id: emojiId(set, concept),
    input: { image, ...targetInstruction(model) },
  }));
  const { index } = await updateIndex(folder, items, {
    model,
    metadata: { packages: packages.join() },
    signal: context.signal,
    onProgress: ({ done, total }) => task.update({ done: drawings.length - total + done }),
  });
  task.finish();
  const listing = listingOf(packages, corpus.concepts);
  await writeListing(folder, listing);
  return { index, listing };
}
