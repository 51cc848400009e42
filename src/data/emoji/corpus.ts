import type { RawImage } from "../../inputs/embedding-input.ts";
import { present } from "../../errors/families.ts";
import { readIconifyCharacters } from "../pictures/iconify-set.ts";
import {
  loadPictures,
  type PictureCacheOptions,
  type PicturePlan,
  type PictureRequest,
  type SkippedPicture,
} from "../pictures/picture-cache.ts";
import { findPicturePackage, type PicturePackage } from "../pictures/picture-package.ts";
import type { PictureSource } from "../pictures/render-picture.ts";
import { readEmojiWords, type EmojiWords } from "./concepts.ts";
import { DRAWING_NAMES } from "./drawing-names.ts";
import { DRAWING_SETS, type DrawingSet, type DrawingSetName, type Vendor } from "./drawing-sets.ts";
import { emojiNames, findDrawings } from "./find-drawings.ts";
import { splitOf, type Split } from "./splits.ts";
import { variantGroups } from "./variant-groups.ts";

/** A picture of a concept. */
export interface EmojiDrawing {
  readonly concept: EmojiConcept;
  readonly set: DrawingSetName;
  readonly vendor: Vendor;
  /** On white, a view into the corpus: do not write into it. */
  readonly image: RawImage;
  /** [height, width] uint8 opacity, a view into the corpus: with it the white can be exchanged. */
  readonly alpha: Uint8Array;
}

/** A thing that can be drawn, with its words and all its drawings. */
export interface EmojiConcept extends EmojiWords {
  /** Its place in {@link EmojiCorpus.concepts}. */
  readonly index: number;
  /** The group of its variants (gender, age, direction): equal names, nearly equal drawings. */
  readonly variantGroup: string;
  readonly split: Split;
  /** By set; the five main sets are always there. */
  readonly drawings: ReadonlyMap<DrawingSetName, EmojiDrawing>;
}

/** Emoji drawn by several vendors, joined by code point. */
export interface EmojiCorpus {
  /** Pixels on each side of every drawing. */
  readonly size: number;
  /** In Unicode's order. */
  readonly concepts: readonly EmojiConcept[];
  /** Concepts of `emojibase-data` that were left out, and why; pictures that could not be drawn. */
  readonly skipped: readonly SkippedPicture[];
}

const WORDS_PACKAGE = "emojibase-data";
const MAIN_SETS = DRAWING_SETS.filter((set) => set.role !== "extra");

/**
 * Loads the corpus: every emoji that all five main sets draw (Noto, Twemoji, Fluent 3D, Fluent flat, OpenMoji), with whatever the extra sets add.
 * The first call draws the pictures and caches them (about half a minute on two cores); later calls read one file.
 * @throws {DataError} if a package is missing or damaged. @throws {FileError} if the cache cannot be written.
 * @throws {AbortedError} when `signal` fires.
 */
export async function loadEmojiCorpus(options: PictureCacheOptions = {}): Promise<EmojiCorpus> {
  const packages = await Promise.all([WORDS_PACKAGE, ...DRAWING_SETS.map((set) => set.package)].map(findPicturePackage));
  const words = await readEmojiWords(packages[0] as PicturePackage);
  const versions = [...packages.map((source) => `${source.name}@${source.version}`), JSON.stringify([DRAWING_SETS, DRAWING_NAMES])];
  const pictures = await loadPictures("emoji", versions, () => planDrawings(words, packages.slice(1)), options);
  const places = new Map(pictures.keys.map((key, place) => [key, place]));
  const groups = variantGroups(words);
  const concepts: EmojiConcept[] = [];
  for (const [index, emoji] of words.entries()) {
    if (!MAIN_SETS.every((set) => places.has(pictureKey(set, emoji)))) continue;
    const variantGroup = present(groups[index], "the variant group");
    const drawings = new Map<DrawingSetName, EmojiDrawing>();
    const concept: EmojiConcept = { ...emoji, index: concepts.length, variantGroup, split: splitOf(variantGroup), drawings };
    for (const set of DRAWING_SETS) {
      const place = places.get(pictureKey(set, emoji));
      if (place === undefined) continue;
      drawings.set(set.name, { concept, set: set.name, vendor: set.vendor, image: pictures.image(place), alpha: pictures.alpha(place) });
    }
    concepts.push(concept);
  }
  return { size: pictures.size, concepts, skipped: pictures.skipped };
}

/** The concepts of a part, in Unicode's order. */
export function conceptsOf(corpus: EmojiCorpus, split: Split): EmojiConcept[] {
  return corpus.concepts.filter((concept) => concept.split === split);
}

function pictureKey(set: DrawingSet, emoji: EmojiWords): string {
  return `${set.name}/${emoji.id}`;
}

/** What is to be drawn: of every emoji that all main sets have, all drawings there are. */
async function planDrawings(words: readonly EmojiWords[], packages: readonly PicturePackage[]): Promise<PicturePlan> {
  const withCharacters = packages.filter((_, index) => DRAWING_SETS[index]?.lookup === "characters");
  const names = emojiNames(words, await Promise.all(withCharacters.map(readIconifyCharacters)));
  const found = await Promise.all(
    DRAWING_SETS.map(async (set, index) => ({ set, drawings: await findDrawings(set, packages[index] as PicturePackage, names) })),
  );
  const requests: PictureRequest[] = [];
  const skipped: SkippedPicture[] = [];
  for (const emoji of words) {
    const missing = found.filter(({ set, drawings }) => set.role !== "extra" && !drawings.has(emoji.id));
    const reason = `${emoji.label}: not drawn by ${missing.map(({ set }) => set.name).join(", ")}`;
    if (missing.length > 0) skipped.push({ key: emoji.id, reason });
    else requests.push(...found.flatMap(({ set, drawings }) => asRequest(pictureKey(set, emoji), drawings.get(emoji.id))));
  }
  return { requests, skipped };
}

function asRequest(key: string, source: PictureSource | undefined): PictureRequest[] {
  return source === undefined ? [] : [{ key, source }];
}
