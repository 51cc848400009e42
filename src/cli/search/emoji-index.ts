import { join } from "node:path";
import { z } from "zod";
import type { EmojiConcept } from "../../data/emoji/corpus.ts";
import { PolyvecError } from "../../errors/polyvec-error.ts";
import { writeJsonAtomic } from "../../files/atomic-write.ts";
import { readJsonFile } from "../../files/json-file.ts";
import { loadIndex, type IndexMetadata } from "../../search/index-folder.ts";
import type { VectorIndex } from "../../search/vector-index.ts";
import type { Collection, StoredPicture } from "./collection.ts";

/** What lies beside an index of emoji: who drew them, and what they are called. */
export interface EmojiListing {
  /** `name@version` of the packages that the drawings and their words come from. */
  readonly packages: readonly string[];
  readonly concepts: readonly { readonly id: string; readonly name: string; readonly character: string }[];
}

const listingSchema: z.ZodType<EmojiListing> = z.strictObject({
  packages: z.array(z.string()),
  concepts: z.array(z.strictObject({ id: z.string(), name: z.string(), character: z.string() })),
});

/** Embedded emoji; the ids of the index are those of {@link emojiId}. */
export interface EmojiIndex {
  readonly index: VectorIndex;
  readonly listing: EmojiListing;
}

/** The id of a concept as a set draws it. */
export function emojiId(set: string, concept: Pick<EmojiConcept, "id">): string {
  return `${set}/${concept.id}`;
}

/** What the listing says of concepts. */
export function listingOf(packages: readonly string[], concepts: readonly EmojiConcept[]): EmojiListing {
  return { packages, concepts: concepts.map(({ id, label, character }) => ({ id, name: label, character })) };
}

const LISTING = "emoji.json";

/** Writes the listing of a folder that holds an index of emoji. @throws {FileError} if it cannot be written. */
export async function writeListing(folder: string, listing: EmojiListing): Promise<void> {
  await writeJsonAtomic(join(folder, LISTING), listing);
}

/** The emoji that a folder holds, with the index's metadata; undefined if they are not there or anything of them is damaged. */
export async function readEmojiIndex(folder: string): Promise<(EmojiIndex & { readonly metadata: IndexMetadata }) | undefined> {
  try {
    const listing = listingSchema.parse(await readJsonFile(join(folder, LISTING)));
    const { index, metadata } = await loadIndex(folder);
    const isWhole = toCollection({ index, listing }).pictures.size === index.size;
    return isWhole ? { index, listing, metadata } : undefined;
  } catch (error) {
    if (PolyvecError.isInstance(error) || error instanceof z.ZodError) return undefined;
    throw error;
  }
}

/** Emoji as they are searched. */
export function toCollection({ index, listing }: EmojiIndex): Collection {
  const concepts = new Map(listing.concepts.map(({ id, ...words }) => [id, words]));
  const pictures = new Map<string, StoredPicture>();
  for (const id of index.ids) {
    const slash = id.indexOf("/");
    const words = concepts.get(id.slice(slash + 1));
    if (words !== undefined) pictures.set(id, { ...words, vendor: id.slice(0, slash) });
  }
  return { index, pictures };
}
