import type { DataError } from "../../errors/families.ts";
import { isEmptySide, type PairRow, type PairSide } from "./pair-row.ts";

/** The columns of MMEB-train, in a row of parquet or a line of JSON. */
export const PAIR_COLUMNS = ["qry", "qry_image_path", "pos_text", "pos_image_path", "neg_text", "neg_image_path"] as const;
export type PairColumn = (typeof PAIR_COLUMNS)[number];

/** Columns that are read beside MMEB's: instructions split off, keys of answers, and numbers of batches. */
export const OWN_COLUMNS = ["qry_inst", "pos_inst", "neg_inst", "positive_key", "batch"] as const;

/** Columns without which there are no pairs; of the others each may be left out. */
export const NEEDED_COLUMNS: readonly PairColumn[] = ["qry", "pos_text"];

/** The cells of a row. */
export type PairCells = Readonly<Partial<Record<string, unknown>>>;

/** Makes the error for a column of a row. */
export type CellProblem = (column: KnownColumn, problem: string) => DataError;

type KnownColumn = PairColumn | (typeof OWN_COLUMNS)[number];

/**
 * Reads a row by the rules of MMEB: a text and a path on each side, "" or null where there is none. Beyond MMEB, a query may have a list of images;
 * positives and hard negatives may be lists of texts and of images side by side, and each image a list of several. Where a row has instructions split
 * off (`qry_inst`, `pos_inst`, `neg_inst`), its sides are in parts, which the model's own template lays out.
 * @throws what `problem` makes of a cell of another type, or of lists that do not fit each other.
 */
export function readPairCells(row: number, cells: PairCells, problem: CellProblem): PairRow {
  const inParts = partsOf(cells, problem);
  const query = inParts("qry_inst", onlySide(cells, { text: "qry", image: "qry_image_path" }, problem));
  const positives = sides(cells, { text: "pos_text", image: "pos_image_path" }, problem).map((side) => inParts("pos_inst", side));
  const hardNegatives = sides(cells, { text: "neg_text", image: "neg_image_path" }, problem).map((side) => inParts("neg_inst", side));
  const key = cells["positive_key"];
  const batch = batchOf(cells["batch"], problem);
  return {
    row,
    query,
    positives: positives.length > 1 ? positives.filter((side) => !isEmptySide(side)) : positives,
    hardNegatives: hardNegatives.filter((side) => !isEmptySide(side)),
    ...(key === undefined || key === null ? {} : { positiveKey: typeof key === "string" ? key : JSON.stringify(key) }),
    ...(batch === undefined ? {} : { batch }),
  };
}

const INSTRUCTIONS = ["qry_inst", "pos_inst", "neg_inst"] as const;

/** Gives a side the instruction of its column, if the row has any such column. */
function partsOf(cells: PairCells, problem: CellProblem): (column: (typeof INSTRUCTIONS)[number], side: PairSide) => PairSide {
  if (INSTRUCTIONS.every((column) => cells[column] === undefined || cells[column] === null)) return (_, side) => side;
  return (column, side) => {
    const instruction = cells[column] ?? "";
    if (typeof instruction !== "string") throw problem(column, `it holds ${kindOf(instruction)}, expected a text`);
    if (side.images.length > 1)
      throw problem(column, `its side has ${side.images.length} images; with instructions split off a side has one`);
    return { ...side, parts: { instruction } };
  };
}

function batchOf(value: unknown, problem: CellProblem): number | undefined {
  if (value === undefined || value === null) return undefined;
  const batch = typeof value === "bigint" ? Number(value) : value;
  if (typeof batch !== "number" || !Number.isSafeInteger(batch) || batch < 0) {
    throw problem("batch", `it holds ${typeof batch === "number" ? batch : kindOf(value)}, expected the number of a batch, from 0`);
  }
  return batch;
}

interface SideColumns {
  readonly text: PairColumn;
  readonly image: PairColumn;
}

function onlySide(cells: PairCells, columns: SideColumns, problem: CellProblem): PairSide {
  const text = cells[columns.text] ?? "";
  if (typeof text !== "string") throw problem(columns.text, `it holds ${kindOf(text)}, expected a text`);
  return { text, images: paths(cells[columns.image], columns.image, problem) };
}

/** One side, or several where the texts are a list. */
function sides(cells: PairCells, columns: SideColumns, problem: CellProblem): PairSide[] {
  const texts = cells[columns.text] ?? "";
  if (!Array.isArray(texts)) return [onlySide(cells, columns, problem)];
  const images: unknown = cells[columns.image] ?? [];
  if (!Array.isArray(images)) throw problem(columns.image, `it holds ${kindOf(images)}, expected a list, as ${columns.text} is one`);
  if (images.length > 0 && images.length !== texts.length) {
    throw problem(
      columns.image,
      `it has ${images.length} items, while ${columns.text} has ${texts.length}; give as many, "" where there is none`,
    );
  }
  return texts.map((text: unknown, place) => {
    if (text !== null && typeof text !== "string") throw problem(columns.text, `it holds ${kindOf(text)} in its list, expected texts`);
    return { text: text ?? "", images: paths(images[place], columns.image, problem) };
  });
}

/** A path, or a list of them; none where it is empty. */
function paths(value: unknown, column: PairColumn, problem: CellProblem): string[] {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return list.flatMap((path) => {
    if (path === null || path === undefined || path === "") return [];
    if (typeof path !== "string") throw problem(column, `it holds ${kindOf(path)}, expected a path or a list of paths`);
    return [path];
  });
}

function kindOf(value: unknown): string {
  if (value instanceof Uint8Array) return "bytes";
  return value === null ? "nothing" : Array.isArray(value) ? "a list" : `a ${typeof value}`;
}
