import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writeZip } from "../../test/support/write-zip.ts";
import { MMEB_DATASETS, type MmebDataset } from "../../src/data/mmeb/datasets.ts";
import { IMAGE_PLACEHOLDER } from "../../src/inputs/embedding-input.ts";
import { writeJsonAtomic } from "../../src/files/atomic-write.ts";
import { COLOURS } from "./colour-oracle.js";
import { makeRows, type MadeUpRow, type MadeUpSide, type RowKind } from "./made-up-row.ts";
import { cellsPng } from "./png.ts";
import { writeEvalRows, type EvalColumns } from "../../src/data/mmeb/write-eval-rows.ts";

/** The two layouts of columns. */
export type ColumnLayout = "v1" | "split";

/** What the colour oracle reaches on a dataset, known from how it was made. */
export interface ExpectedScore {
  /** Rows of the file. */
  readonly rows: number;
  /** Rows that can be scored. */
  readonly queries: number;
  readonly hits: number;
  readonly emptyRows: number;
  readonly emptyCandidates: number;
}

/** `expected.json`. */
export interface ExpectedScores {
  readonly layouts: Readonly<Record<ColumnLayout, Readonly<Record<string, ExpectedScore>>>>;
}

/** How large the made-up benchmark is. */
export interface MadeUpOptions {
  /** Candidates of a row; ImageNet-1K has 1,000 whatever is said. */
  readonly candidates?: number;
}

/**
 * Writes a made-up MMEB: `v1/` and `split/` with the 36 datasets in the hub's layout, `images/` with their pictures, `zips/` with the same in one
 * archive per dataset, and `expected.json`. Colours in a row's query occur in one candidate, so that whatever counts colours answers as planned.
 */
export async function writeMadeUpMmeb(folder: string, { candidates = 9 }: MadeUpOptions = {}): Promise<ExpectedScores> {
  const layouts: Record<ColumnLayout, Record<string, ExpectedScore>> = { v1: {}, split: {} };
  for (const [place, dataset] of MMEB_DATASETS.entries()) {
    const rows = makeRows(dataset, kindsOf(dataset, place), dataset.name === "ImageNet-1K" ? 1000 : candidates);
    const pictures = new Pictures(dataset.name);
    for (const layout of ["v1", "split"] as const) {
      const columns = rows.map((row) => layOut(row, { dataset, layout, pictures }));
      await writeEvalRows(join(folder, layout, dataset.name, "test-00000-of-00001.parquet"), columns);
      layouts[layout][dataset.name] = expect(rows, layout);
    }
    const files = pictures.files();
    await mkdir(join(folder, "images", dataset.name), { recursive: true });
    for (const [name, data] of Object.entries(files)) await writeFile(join(folder, "images", name), data);
    await mkdir(join(folder, "zips"), { recursive: true });
    await writeZip(join(folder, "zips", `${dataset.name}.zip`), files, { compress: place % 2 === 0 });
  }
  await writeJsonAtomic(join(folder, "expected.json"), { layouts });
  return { layouts };
}

/** What the rows of a dataset plant: more or fewer right ones, so that no two neighbours score alike, and one of every trap. */
function kindsOf({ name }: MmebDataset, place: number): RowKind[] {
  const right = 2 + (place % 7);
  const traps: RowKind[] = ["tie", "duplicate", "empty-query", "empty-positive", "empty-candidate"];
  const plain = Array.from({ length: 10 }, (_, at): RowKind => (at < right ? "hit" : "wrong"));
  return [...plain, ...traps, ...(name === "RefCOCO-Matching" ? (["quoted"] as const) : [])];
}

function expect(rows: readonly MadeUpRow[], layout: ColumnLayout): ExpectedScore {
  const count = (...kinds: readonly RowKind[]): number => rows.filter(({ kind }) => kinds.includes(kind)).length;
  const emptyRows = count("empty-query", "empty-positive");
  // The key of RefCOCO-Matching drops the quotes around a caption. In v1 columns the caption stands behind its instruction, so that quotes make another text.
  const hits = count("hit", "duplicate", "empty-candidate") + (layout === "split" ? count("quoted") : 0);
  return { rows: rows.length, queries: rows.length - emptyRows, hits, emptyRows, emptyCandidates: count("empty-candidate") };
}

interface LayOutContext {
  readonly dataset: MmebDataset;
  readonly layout: ColumnLayout;
  readonly pictures: Pictures;
}

/** Instructions without colours. */
const INSTRUCTIONS: Readonly<Record<MmebDataset["layout"], { readonly query: string; readonly candidate: string }>> = {
  "image-to-label": { query: `${IMAGE_PLACEHOLDER} Represent the given image for classification`, candidate: "" },
  question: { query: `${IMAGE_PLACEHOLDER} Represent the given image with the following question:`, candidate: "" },
  "text-to-image": { query: "Find me an image that shows this:", candidate: `${IMAGE_PLACEHOLDER} Represent the given image.` },
  "image-to-image": {
    query: `${IMAGE_PLACEHOLDER} Select what is asked for:`,
    candidate: `${IMAGE_PLACEHOLDER} Represent the given image.`,
  },
};

function layOut({ query, candidates }: MadeUpRow, { dataset, layout, pictures }: LayOutContext): EvalColumns {
  const instructions = INSTRUCTIONS[dataset.layout];
  const isEmpty = ({ cells, words }: MadeUpSide): boolean => cells.length + words.length === 0;
  const textOf = (side: MadeUpSide, instruction: string): string => {
    const words = side.quoted === true ? `"${side.words.join(" ")}"` : side.words.join(" ");
    if (layout === "split" || isEmpty(side) || instruction === "") return words;
    return `${instruction.replace(`${IMAGE_PLACEHOLDER} `, `${IMAGE_PLACEHOLDER}\n`)}${words === "" ? "" : ` ${words}`}\n`;
  };
  return {
    ...(layout === "split" && { qry_inst: instructions.query, tgt_inst: instructions.candidate }),
    qry_text: textOf(query, instructions.query),
    qry_img_path: pictures.pathOf(query.cells),
    tgt_text: candidates.map((side) => textOf(side, instructions.candidate)),
    tgt_img_path: candidates.map((side) => pictures.pathOf(side.cells)),
  };
}

/** The pictures of a dataset; the same cells are the same file. Names hold blanks and letters of many scripts. */
class Pictures {
  readonly #dataset: string;
  readonly #files = new Map<string, { readonly name: string; readonly data: Buffer }>();

  constructor(dataset: string) {
    this.#dataset = dataset;
  }

  /** Relative to the root of the images; "" for no cells. */
  pathOf(cells: readonly string[]): string {
    const [first] = cells;
    if (first === undefined) return "";
    const key = cells.join(" ");
    let file = this.#files.get(key);
    if (file === undefined) {
      const name = `${this.#dataset}/${this.#files.size} ${first}.png`;
      const colours: Readonly<Record<string, readonly [number, number, number] | undefined>> = COLOURS;
      file = { name, data: cellsPng(cells.map((cell) => colours[cell] ?? [0, 0, 0])) };
      this.#files.set(key, file);
    }
    return file.name;
  }

  /** By name. */
  files(): Record<string, Buffer> {
    return Object.fromEntries(Array.from(this.#files.values(), ({ name, data }) => [name, data]));
  }
}
