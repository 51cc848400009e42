import type { RawImage } from "../../inputs/embedding-input.ts";
import type { RandomStream } from "../../random/random-stream.ts";
import { augmentationLimits, augmentDrawing, type AugmentationLimits } from "../augment.ts";
import { conceptsOf, type EmojiConcept, type EmojiCorpus } from "../emoji/corpus.ts";
import { COLOURLESS_SETS, type DrawingSetName } from "../emoji/drawing-sets.ts";
import type { IconConcept, IconCorpus } from "../icons/icon-corpus.ts";
import { nameKey } from "../icons/held-out-words.ts";
import { dominantColour, type ColourName } from "../images/dominant-colour.ts";
import type { DrawnImage } from "../images/drawn-image.ts";

/** A drawing, with what tells its design from others. */
export interface ItemDrawing extends DrawnImage {
  readonly vendor: string;
  /** Whether its colours tell anything. */
  readonly coloured: boolean;
}

/** Something to learn pictures and words from: an emoji or an icon. */
export interface PretrainingItem {
  readonly label: string;
  readonly tags: readonly string[];
  /** Where it is filed; icons are not. */
  readonly subgroup?: string;
  /** Items with the same key mean the same. */
  readonly key: string;
  readonly drawings: readonly ItemDrawing[];
  readonly limits: AugmentationLimits;
}

/** The training concepts of the emoji in the given sets. */
export function emojiItems(corpus: EmojiCorpus, sets: readonly DrawingSetName[]): PretrainingItem[] {
  return conceptsOf(corpus, "train").map((concept) => ({
    label: concept.label,
    tags: concept.tags,
    subgroup: concept.subgroup,
    key: concept.variantGroup,
    drawings: sets.flatMap((set) => {
      const drawing = concept.drawings.get(set);
      return drawing === undefined
        ? []
        : [{ image: drawing.image, alpha: drawing.alpha, vendor: drawing.vendor, coloured: !COLOURLESS_SETS.includes(set) }];
    }),
    limits: augmentationLimits(concept.label, [...concept.tags, concept.subgroup, concept.group]),
  }));
}

/** The icons; one that has the name of a training concept has its key. */
export function iconItems(icons: IconCorpus, corpus: EmojiCorpus): PretrainingItem[] {
  const concepts = new Map(conceptsOf(corpus, "train").map((concept): [string, EmojiConcept] => [nameKey(concept.label), concept]));
  return icons.concepts.map((icon) => ({
    label: icon.label,
    tags: icon.tags,
    key: concepts.get(nameKey(icon.label))?.variantGroup ?? `icon ${nameKey(icon.label)}`,
    drawings: iconDrawings(icon),
    limits: augmentationLimits(icon.label, icon.tags),
  }));
}

function iconDrawings(icon: IconConcept): ItemDrawing[] {
  return [...icon.drawings].map(([vendor, drawn]) => ({ ...drawn, vendor, coloured: false }));
}

/** One of an item's drawings, augmented if asked for. */
export function paintItem(item: PretrainingItem, stream: RandomStream, augmentation: boolean): RawImage {
  return paintDrawing(item, stream.pick(item.drawings), stream, augmentation);
}

/** Two pictures of an item: by two vendors where there are two, else two appearances of one drawing. */
export function paintItemPair(item: PretrainingItem, stream: RandomStream, augmentation: boolean): [RawImage, RawImage] {
  const first = stream.pick(item.drawings);
  const others = item.drawings.filter((drawing) => drawing.vendor !== first.vendor);
  const second = others.length === 0 ? first : stream.pick(others);
  return [paintDrawing(item, first, stream, augmentation), paintDrawing(item, second, stream, augmentation)];
}

/** A drawing that mostly has one colour, its colours kept, and that colour; undefined if the drawing chosen has none, or the label tells it. */
export function paintColouredItem(
  item: PretrainingItem,
  stream: RandomStream,
  augmentation: boolean,
): { readonly image: RawImage; readonly colour: ColourName } | undefined {
  const drawing = stream.pick(item.drawings);
  const colour = drawing.coloured && item.limits.recolour ? dominantColour(drawing) : undefined;
  if (colour === undefined) return undefined;
  return { image: paintDrawing({ limits: { ...item.limits, recolour: false } }, drawing, stream, augmentation), colour };
}

function paintDrawing(item: Pick<PretrainingItem, "limits">, drawing: DrawnImage, stream: RandomStream, augmentation: boolean): RawImage {
  return augmentation ? augmentDrawing(drawing, stream, item.limits) : drawing.image;
}
