import { join } from "node:path";
import { z } from "zod";
import { loadEmojiCorpus, type EmojiDrawing } from "../../data/emoji/corpus.ts";
import { findPicturePackage } from "../../data/pictures/picture-package.ts";
import type { Embedder } from "../../embed/embedder.ts";
import { PolyvecError } from "../../errors/polyvec-error.ts";
import { writeJsonAtomic } from "../../files/atomic-write.ts";
import { readJsonFile } from "../../files/json-file.ts";
import { loadIndex } from "../../search/index-folder.ts";
import { indexFolderOf, targetInstruction } from "../../search/index-pictures.ts";
import { updateIndex } from "../../search/update-index.ts";
import type { CommandContext } from "../command-module.ts";
import type { Collection } from "./collection.ts";
import { SEARCHED_SETS } from "./vendors.ts";

const listingSchema = z.strictObject({
  packages: z.array(z.string()),
  drawings: z.array(z.strictObject({ id: z.string(), name: z.string(), character: z.string(), vendor: z.string() })),
});
type Listing = z.infer<typeof listingSchema>;

/** Where the emoji come from and go to; a test gives its own. */
export interface OpenEmojiOptions {
  readonly loadCorpus?: typeof loadEmojiCorpus;
  readonly cacheFolder?: string;
}

/**
 * The emoji of all vendors, embedded by a model. The first time they are drawn and embedded, later they come from the cache.
 * @throws {DataError} if the packages that hold them are not installed.
 */
export async function openEmoji(model: Embedder, context: CommandContext, options: OpenEmojiOptions = {}): Promise<Collection> {
  const { loadCorpus = loadEmojiCorpus, cacheFolder } = options;
  const folder = await indexFolderOf(model, "emoji", cacheFolder);
  const packages = await packageVersions();
  return (await openCached(folder, packages)) ?? (await embedEmoji(model, { folder, packages, context, loadCorpus }));
}

async function packageVersions(): Promise<string[]> {
  const packages = await Promise.all(["emojibase-data", ...SEARCHED_SETS.map((set) => set.package)].map(findPicturePackage));
  return packages.map(({ name, version }) => `${name}@${version}`);
}

/** What was kept, if it is whole and of these packages. */
async function openCached(folder: string, packages: readonly string[]): Promise<Collection | undefined> {
  try {
    const listing = listingSchema.parse(await readJsonFile(join(folder, LISTING)));
    if (listing.packages.join() !== packages.join()) return undefined;
    const { index } = await loadIndex(folder);
    return listing.drawings.every(({ id }) => index.has(id)) ? { index, pictures: toPictures(listing) } : undefined;
  } catch (error) {
    if (PolyvecError.isInstance(error) || error instanceof z.ZodError) return undefined; // not there, or damaged: it is made again
    throw error;
  }
}

const LISTING = "emoji.json";

function toPictures({ drawings }: Listing): Collection["pictures"] {
  return new Map(drawings.map(({ id, ...picture }) => [id, picture]));
}

interface EmbedEmojiOptions {
  readonly folder: string;
  readonly packages: string[];
  readonly context: CommandContext;
  readonly loadCorpus: typeof loadEmojiCorpus;
}

async function embedEmoji(model: Embedder, { folder, packages, context, loadCorpus }: EmbedEmojiOptions): Promise<Collection> {
  const drawings = await drawEmoji(loadCorpus, context);
  context.progress.note("embedding the emoji; this is done once for a model");
  const task = context.progress.task({ label: "embed", total: drawings.length, unit: "drawings", itemUnit: "drawings" });
  const items = drawings.map((drawing) => ({ id: idOf(drawing), input: { image: drawing.image, ...targetInstruction(model) } }));
  const { index } = await updateIndex(folder, items, {
    model,
    metadata: { packages: packages.join() },
    signal: context.signal,
    onProgress: ({ done, total }) => task.update({ done: drawings.length - total + done }),
  });
  task.finish();
  const listing = { packages, drawings: drawings.map(describe).filter(({ id }) => index.has(id)) };
  await writeJsonAtomic(join(folder, LISTING), listing);
  return { index, pictures: toPictures(listing) };
}

async function drawEmoji(loadCorpus: typeof loadEmojiCorpus, { progress, signal }: CommandContext): Promise<EmojiDrawing[]> {
  let task: ReturnType<typeof progress.task> | undefined;
  const corpus = await loadCorpus({
    signal,
    onProgress: ({ done, total }) => {
      task ??= progress.task({ label: "draw", total, unit: "drawings", itemUnit: "drawings" });
      task.update({ done });
    },
  });
  task?.finish();
  return corpus.concepts.flatMap(({ drawings }) => SEARCHED_SETS.flatMap(({ name }) => drawings.get(name) ?? []));
}

function idOf({ set, concept }: EmojiDrawing): string {
  return `${set}/${concept.id}`;
}

function describe(drawing: EmojiDrawing): Listing["drawings"][number] {
  const { concept, set } = drawing;
  return { id: idOf(drawing), name: concept.label, character: concept.character, vendor: set };
}
