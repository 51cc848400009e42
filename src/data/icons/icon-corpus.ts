import { RandomStream } from "../../random/random-stream.ts";
import { conceptsOf, type EmojiConcept, type EmojiCorpus } from "../emoji/corpus.ts";
import type { DrawnImage } from "../images/drawn-image.ts";
import {
  loadPictures,
  type PictureCacheOptions,
  type PicturePlan,
  type PictureRequest,
  type SkippedPicture,
} from "../pictures/picture-cache.ts";
import { findPicturePackage, type PicturePackage } from "../pictures/picture-package.ts";
import type { PictureSource } from "../pictures/render-picture.ts";
import { contentWords } from "./content-words.ts";
import { HeldOutWords } from "./held-out-words.ts";
import { plainIconName } from "./icon-names.ts";
import { ICON_SETS } from "./icon-sets.ts";

/** A thing that icon sets draw, with its words. */
export interface IconConcept {
  /** "alarm clock". */
  readonly label: string;
  readonly tags: readonly string[];
  /** By icon set. */
  readonly drawings: ReadonlyMap<string, DrawnImage>;
}

/** Icons of several sets, joined by name: more pictures with words, for pretraining. */
export interface IconCorpus {
  /** Pixels on each side of every drawing. */
  readonly size: number;
  readonly concepts: readonly IconConcept[];
  /** What was left out, and why. */
  readonly skipped: readonly SkippedPicture[];
}

/** Things at most, those that most sets draw first. */
const MOST_CONCEPTS = 2500;
/** Drawings of a thing at most. */
const MOST_DRAWINGS = 3;
/** Tags of a thing at most. */
const MOST_TAGS = 8;

/**
 * Loads the icon corpus: up to 2,500 things in up to three drawings each. No icon that may show a validation or test concept is in it, as far as
 * names tell (see `HeldOutWords`); neither are brands, letters, numbers and the commands of an interface.
 * @param emoji whose held-out concepts are kept out.
 * @throws as `loadEmojiCorpus`.
 */
export async function loadIconCorpus(emoji: EmojiCorpus, options: Omit<PictureCacheOptions, "size"> = {}): Promise<IconCorpus> {
  const packages = await Promise.all(ICON_SETS.map((set) => findPicturePackage(set.package)));
  const versions = [
    ...packages.map((source) => `${source.name}@${source.version}`),
    ...emoji.concepts.map(({ id, split }) => `${id} ${split}`),
  ];
  const pictures = await loadPictures("icons", versions, () => planIcons(packages, emoji), {
    ...options,
    size: emoji.size,
  });
  const concepts = new Map<string, { label: string; tags: string[]; drawings: Map<string, DrawnImage> }>();
  for (const [place, key] of pictures.keys.entries()) {
    const { set, label, tags } = parseKey(key);
    const concept = concepts.get(label) ?? { label, tags, drawings: new Map<string, DrawnImage>() };
    concept.drawings.set(set, { image: pictures.image(place), alpha: pictures.alpha(place) });
    concepts.set(label, concept);
  }
  return { size: emoji.size, concepts: [...concepts.values()], skipped: pictures.skipped };
}

function isHeldOut(concept: EmojiConcept): boolean {
  return concept.split !== "train";
}

interface NamedIcon {
  readonly label: string;
  readonly tags: readonly string[];
  readonly drawings: readonly { readonly set: string; readonly source: PictureSource }[];
}

async function planIcons(packages: readonly PicturePackage[], emoji: EmojiCorpus): Promise<PicturePlan> {
  const heldOut = new HeldOutWords(emoji.concepts.filter(isHeldOut));
  const training = conceptsOf(emoji, "train");
  const vocabulary = new Set(training.flatMap((concept) => [concept.label, ...concept.tags].flatMap(contentWords)));
  const icons = await readAllIcons(packages);
  const kept = icons.filter((icon) => !heldOut.refuses({ name: icon.label, tags: icon.tags }));
  const chosen = kept.map((icon) => ({ icon, rank: rankOf(icon, vocabulary) })).sort((left, right) => right.rank - left.rank);
  const requests = chosen.slice(0, MOST_CONCEPTS).flatMap(({ icon }) => requestsOf(icon));
  const skipped = [
    { key: "held-out", reason: `${icons.length - kept.length} of ${icons.length} things may show a held-out concept` },
    {
      key: "thinned",
      reason: `${Math.max(0, kept.length - MOST_CONCEPTS)} of ${kept.length} things beyond the ${MOST_CONCEPTS} most drawn`,
    },
  ];
  return { requests, skipped };
}

/**
 * Things that several sets draw come first, and things whose names the emoji's words can tell; among equals the order is random, but always the
 * same.
 */
function rankOf(icon: NamedIcon, vocabulary: ReadonlySet<string>): number {
  const known = contentWords(icon.label).every((word) => vocabulary.has(word));
  return Math.min(MOST_DRAWINGS, icon.drawings.length) + (known ? 2 : 0) + new RandomStream("icon", icon.label).uniform();
}

/** All icons of all sets under their plain names, each set's first drawing of a name. */
async function readAllIcons(packages: readonly PicturePackage[]): Promise<NamedIcon[]> {
  const byLabel = new Map<string, { tags: Set<string>; drawings: Map<string, PictureSource> }>();
  for (const [index, set] of ICON_SETS.entries()) {
    for (const icon of await set.read(packages[index] as PicturePackage)) {
      const label = plainIconName(icon.name);
      if (label === undefined) continue;
      const known = byLabel.get(label) ?? { tags: new Set<string>(), drawings: new Map<string, PictureSource>() };
      for (const tag of icon.tags) known.tags.add(plainTag(tag));
      if (!known.drawings.has(set.name)) known.drawings.set(set.name, icon.source);
      byLabel.set(label, known);
    }
  }
  return [...byLabel].map(([label, { tags, drawings }]) => ({
    label,
    tags: [...tags].filter((tag) => tag !== label && /^[a-z][a-z ']{2,23}$/.test(tag)),
    drawings: [...drawings].map(([set, source]) => ({ set, source })),
  }));
}

function plainTag(tag: string): string {
  return tag
    .toLowerCase()
    .replaceAll(/[-_\s]+/g, " ")
    .trim();
}

function requestsOf({ label, tags, drawings }: NamedIcon): PictureRequest[] {
  return drawings.slice(0, MOST_DRAWINGS).map(({ set, source }) => ({ key: [set, label, ...tags.slice(0, MOST_TAGS)].join("/"), source }));
}

function parseKey(key: string): { set: string; label: string; tags: string[] } {
  const [set = "", label = "", ...tags] = key.split("/");
  return { set, label, tags };
}
