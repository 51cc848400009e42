import type { DataError } from "../../errors/families.ts";
import { isEmptySide, type PairRow, type PairSide } from "./pair-row.ts";

/** The columns of MMEB-train, in a row of parquet or a line of JSON. */
export const PAIR_COLUMNS = ["qry", "qry_image_path", "pos_text", "pos_image_path", "neg_text", "neg_image_path"] as const;
export type PairColumn = (typeof PAIR_COLUMNS)[number];

/** Columns without which there are no pairs; of the others each may be left out. */
export const NEEDED_COLUMNS: readonly PairColumn[] = ["qry", "pos_text"];

/** The cells of a row. */
export type PairCells = Readonly<Partial<Record<string, unknown>>>;

/** Makes the error for a column of a row. */
export type CellProblem = (column: PairColumn, problem: string) => DataError;

/**
 * Reads a row by the rules of MMEB: a text and a path on each side, "" or null where there is none. Beyond MMEB, a query may have a list of images;
 * positives and hard negatives may be lists of texts and of images side by side, and each image a list of several.
 * @throws what `problem` makes of a cell of another type, or of lists that do not fit each other.
 */
export function readPairCells(row: number, cells: PairCells, problem: CellProblem): PairRow {
  const query = onlySide(cells, { text: "qry", image: "qry_image_path" }, problem);
  const positives = sides(cells, { text: "pos_text", image: "pos_image_path" }, problem);
  const hardNegatives = sides(cells, { text: "neg_text", image: "neg_image_path" }, problem);
  const key = cells["positive_key"];
  return {
    row,
    query,
    positives: positives.length > 1 ? positives.filter((side) => !isEmptySide(side)) : positives,
    hardNegatives: hardNegatives.filter((side) => !isEmptySide(side)),
    ...(key === undefined || key === null ? {} : { positiveKey: typeof key === "string" ? key : JSON.stringify(key) }),
  };
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
