import { RandomStream } from "../../random/random-stream.ts";
import { blankImage, type DrawnImage, type Rgb } from "../images/drawn-image.ts";
import type { EmojiConcept, EmojiCorpus, EmojiDrawing } from "./corpus.ts";
import { DRAWING_SETS, type DrawingSet, type DrawingSetName } from "./drawing-sets.ts";
import type { Split } from "./splits.ts";

/** What a made-up corpus holds. */
export interface SyntheticCorpusOptions {
  /** How many concepts; 80 if not given. */
  readonly concepts?: number;
  /** Pixels on each side of a drawing; 32 if not given. */
  readonly size?: number;
  readonly seed?: number;
}

const COLOURS = ["red", "green", "blue", "purple", "brown"] as const;
const COLOUR_VALUES: Readonly<Record<(typeof COLOURS)[number], Rgb>> = {
  red: [220, 40, 40],
  green: [50, 160, 60],
  blue: [50, 110, 220],
  purple: [150, 70, 210],
  brown: [120, 70, 30],
};
const SYLLABLES = ["ba", "ko", "li", "mu", "ne", "po", "ra", "si", "tu", "vo"] as const;
const CELLS = 4;

/**
 * A small corpus that needs no package, file or time: made-up names, each with a pattern of squares in one colour, which the sets draw with other
 * shades and sizes. It has the form of the real one (main sets, a test set, three splits, subgroups, pairs of variants), for tests and trials.
 * A function of the options alone.
 */
export function makeSyntheticCorpus({ concepts: count = 80, size = 32, seed = 1 }: SyntheticCorpusOptions = {}): EmojiCorpus {
  const concepts = Array.from({ length: count }, (_, index) => makeConcept(index, size, seed));
  return { size, concepts, skipped: [] };
}

function makeConcept(index: number, size: number, seed: number): EmojiConcept {
  // every tenth concept is a variant of the one before it
  const leader = index % 10 === 9 ? index - 1 : index;
  const stream = new RandomStream(seed, "synthetic", index);
  const colour = stream.pick(COLOURS);
  const pattern = Array.from({ length: CELLS * CELLS }, () => stream.uniform() < 0.5);
  pattern[index % pattern.length] = true;
  const drawings = new Map<DrawingSetName, EmojiDrawing>();
  const concept: EmojiConcept = {
    id: `synthetic-${index}`,
    index,
    character: "",
    label: nameOf(index),
    tags: [`${nameOf(index % 7)} kind`, `${nameOf(index % 11)} sort`, `tag ${index % 5}`, `word ${index}`],
    group: `group ${index % 3}`,
    subgroup: `subgroup ${index % 12}`,
    shortcodes: [],
    variantGroup: `synthetic-${leader}`,
    split: splitOfIndex(leader),
    drawings,
  };
  for (const [place, set] of DRAWING_SETS.entries()) {
    if (set.role !== "extra")
      drawings.set(set.name, {
        concept,
        set: set.name,
        vendor: set.vendor,
        ...drawPattern(pattern, COLOUR_VALUES[colour], { size, place, set }),
      });
  }
  return concept;
}

function splitOfIndex(index: number): Split {
  const draw = Math.floor(index / 2) % 5;
  return draw === 3 ? "validation" : draw === 4 ? "test" : "train";
}

function nameOf(index: number): string {
  return [index % 10, Math.floor(index / 10) % 10, Math.floor(index / 100) % 10].map((digit) => SYLLABLES[digit]).join("");
}

interface PatternStyle {
  readonly size: number;
  /** The set's place in the list: its shade and margin. */
  readonly place: number;
  readonly set: DrawingSet;
}

function drawPattern(pattern: readonly boolean[], colour: Rgb, { size, place, set }: PatternStyle): DrawnImage {
  const image = blankImage(size, size);
  const alpha = new Uint8Array(size * size);
  const margin = 1 + (place % 3);
  const cell = (size - 2 * margin) / CELLS;
  for (let pixel = 0; pixel < alpha.length; pixel++) {
    const column = ((pixel % size) - margin) / cell;
    const row = (Math.floor(pixel / size) - margin) / cell;
    if (column < 0 || row < 0 || column >= CELLS || row >= CELLS || pattern[Math.floor(row) * CELLS + Math.floor(column)] !== true)
      continue;
    const isOutline = set.role === "test" && Math.min(column % 1, row % 1) < 1 / cell;
    alpha[pixel] = 255;
    image.data.set(isOutline ? [0, 0, 0] : colour.map((value) => Math.min(250, value + 8 * place)), pixel * 3);
  }
  return { image, alpha };
}
