import type { MmebDataset } from "../../src/data/mmeb/datasets.ts";
import { RandomStream } from "../../src/random/random-stream.ts";
import { COLOURS } from "./colour-oracle.js";

/** What a made-up row plants. */
export type RowKind =
  /** The right candidate has the query's colours. */
  | "hit"
  /** Another has them. */
  | "wrong"
  /** The right one has them, and so has another, in another order: a tie, a miss. */
  | "tie"
  /** The right one stands in the list twice. */
  | "duplicate"
  /** The right one stands in the list a second time, its caption in quotes: the same by RefCOCO-Matching's key. */
  | "quoted"
  /** Another candidate has neither text nor image. */
  | "empty-candidate"
  /** The query, or the right candidate, has neither: the row cannot be scored. */
  | "empty-query"
  | "empty-positive";

/** Colours as they are shown: cells of a picture, words of a text. */
export interface MadeUpSide {
  readonly cells: readonly string[];
  readonly words: readonly string[];
  /** Whether the words stand in quotes. */
  readonly quoted?: boolean;
}

/** A row before it is laid out in columns. */
export interface MadeUpRow {
  readonly kind: RowKind;
  readonly query: MadeUpSide;
  /** The right one first. */
  readonly candidates: readonly MadeUpSide[];
}

/** Colours of a side in all. */
const SIZE = 6;
const NAMES = Object.keys(COLOURS);
const EMPTY: MadeUpSide = { cells: [], words: [] };

/** How many colours of each side are cells; the others are words. */
function cellsOf({ name, layout }: MmebDataset): { readonly query: number; readonly candidate: number } {
  switch (layout) {
    case "image-to-label":
      return { query: name === "N24News" ? 4 : SIZE, candidate: 0 };
    case "question":
      return { query: 3, candidate: 0 };
    case "text-to-image":
      return { query: 0, candidate: name === "WebQA" || name === "EDIS" ? 3 : SIZE };
    case "image-to-image":
      return { query: name === "NIGHTS" ? SIZE : 3, candidate: name === "RefCOCO-Matching" || name === "OVEN" ? 3 : SIZE };
  }
}

/** Makes a dataset's rows; a function of its arguments alone. @param count candidates of a row. */
export function makeRows(dataset: MmebDataset, kinds: readonly RowKind[], count: number): MadeUpRow[] {
  const shares = cellsOf(dataset);
  const pool = distinctColours(new RandomStream("made-up", "pool", dataset.name), count + 8);
  const side = (colours: readonly string[], cells: number): MadeUpSide => ({ cells: colours.slice(0, cells), words: colours.slice(cells) });
  return kinds.map((kind, row): MadeUpRow => {
    const stream = new RandomStream("made-up", "row", dataset.name, row);
    const wanted = swappable(stream);
    const others = pool.filter((colours) => keyOf(colours) !== keyOf(wanted)).slice(0, count);
    const [query, right, again] = [side(stream.shuffle(wanted), shares.query), side(wanted, shares.candidate), side(swapped(wanted), shares.candidate)]; // prettier-ignore
    const [near = [], ...rest] = others;
    const wrong = (colours: readonly (readonly string[])[]): MadeUpSide[] => colours.map((each) => side(each, shares.candidate));
    const candidates = ((): MadeUpSide[] => {
      switch (kind) {
        case "hit":
        case "empty-query":
          return [right, ...wrong(rest)];
        case "wrong":
          return [side(near, shares.candidate), ...wrong(rest.slice(1)), right];
        case "tie":
          return [right, ...wrong(rest.slice(1)), again];
        case "duplicate":
          return [right, ...wrong(rest.slice(1)), right];
        case "quoted":
          return [right, ...wrong(rest.slice(1)), { ...right, quoted: true }];
        case "empty-candidate":
          return [right, EMPTY, ...wrong(rest.slice(1))];
        case "empty-positive":
          return [EMPTY, ...wrong(rest)];
      }
    })();
    return { kind, query: kind === "empty-query" ? EMPTY : query, candidates };
  });
}

/** Lists of colours of which no two hold the same ones. */
function distinctColours(stream: RandomStream, count: number): string[][] {
  const found = new Map<string, string[]>();
  while (found.size < count) {
    const colours = Array.from({ length: SIZE }, () => stream.pick(NAMES));
    found.set(keyOf(colours), colours);
  }
  return [...found.values()];
}

/** Colours that {@link swapped} puts in another order. */
function swappable(stream: RandomStream): string[] {
  for (;;) {
    const colours = Array.from({ length: SIZE }, () => stream.pick(NAMES));
    if (swapped(colours).join() !== colours.join()) return colours;
  }
}

/** The same colours with the first two, and the last two, changing places: another picture or another text. */
function swapped(colours: readonly string[]): string[] {
  const [first = "", second = "", ...others] = colours;
  const [last = "", beforeLast = "", ...middle] = others.toReversed();
  return [second, first, ...middle.reverse(), last, beforeLast];
}

function keyOf(colours: readonly string[]): string {
  return colours.toSorted().join(" ");
}
