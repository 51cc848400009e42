import { mkdir, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { SchemaElement } from "hyparquet";
import type { ParquetWriter } from "hyparquet-writer";
import type { PairRow, PairSide } from "../../data/pairs/pair-row.ts";
import { asFileError } from "../../files/atomic-write.ts";
import type { MinedRow } from "../../train/mining/mine-negatives.ts";

/** Rows of a row group, as the hub's datasets have them. */
const GROUP_SIZE = 1000;

/** MMEB's own columns, then `neg_text` and `neg_image_path` as lists side by side. */
const TEXTS = ["qry", "qry_image_path", "pos_text", "pos_image_path"] as const;
const LISTS = ["neg_text", "neg_image_path"] as const;

/** Writes rows with their hard negatives as parquet; what is written lies in `<file>.partial` until all is. @throws {FileError} */
export class MinedWriter {
  readonly file: string;
  readonly #writer: ParquetWriter;
  #rows: MinedRow[] = [];

  private constructor(file: string, writer: ParquetWriter) {
    this.file = file;
    this.#writer = writer;
  }

  static async open(file: string): Promise<MinedWriter> {
    const { fileWriter, ParquetWriter: Writer } = await import("hyparquet-writer");
    return new MinedWriter(
      file,
      await inFile(file, async () => {
        await mkdir(dirname(file), { recursive: true });
        return new Writer({ writer: fileWriter(`${file}.partial`), schema: SCHEMA, createdBy: "polyvec" });
      }),
    );
  }

  async write(row: MinedRow): Promise<void> {
    this.#rows.push(row);
    if (this.#rows.length === GROUP_SIZE) await this.#writeGroup();
  }

  async finish(): Promise<void> {
    await this.#writeGroup();
    await inFile(this.file, () => this.#writer.finish());
    await inFile(this.file, () => rename(`${this.file}.partial`, this.file));
  }

  /** Removes what was written so far. */
  async abandon(): Promise<void> {
    await rm(`${this.file}.partial`, { force: true }).catch(() => undefined);
  }

  async #writeGroup(): Promise<void> {
    const rows = this.#rows;
    this.#rows = [];
    const column = (name: string, cell: (row: MinedRow) => unknown) => ({ name, data: rows.map(cell) });
    const columnData = [
      column("qry", ({ pair }) => pair.query.text),
      column("qry_image_path", ({ pair }) => pair.query.images[0] ?? ""),
      column("pos_text", ({ pair }) => pair.positives[0]?.text ?? ""),
      column("pos_image_path", ({ pair }) => pair.positives[0]?.images[0] ?? ""),
      column("neg_text", ({ hardNegatives }) => hardNegatives.map(({ text }) => text)),
      column("neg_image_path", ({ hardNegatives }) => hardNegatives.map(({ images }) => images[0] ?? "")),
    ];
    await inFile(this.file, () => this.#writer.write({ columnData, rowGroupSize: GROUP_SIZE }));
  }
}

/** Whether MMEB's own columns hold a row: one positive, one image a side at most, no parts, no key. */
export function fitsColumns({ query, positives, hardNegatives, positiveKey }: PairRow): boolean {
  const sides = [query, ...positives, ...hardNegatives];
  return (
    positiveKey === undefined && positives.length === 1 && sides.every(({ parts, images }) => parts === undefined && images.length < 2)
  );
}

/** A row as a line of JSON, whatever it holds. */
export function toJsonRow({ pair, hardNegatives }: MinedRow): unknown {
  const { query, positives, positiveKey } = pair;
  if (query.parts !== undefined) {
    return {
      query: ownSide(query),
      positive: positives.map(ownSide),
      hardNegatives: hardNegatives.map(ownSide),
      ...(positiveKey === undefined ? {} : { positiveKey }),
    };
  }
  return {
    qry: query.text,
    qry_image_path: query.images,
    pos_text: positives.map(({ text }) => text),
    pos_image_path: positives.map(({ images }) => images),
    neg_text: hardNegatives.map(({ text }) => text),
    neg_image_path: hardNegatives.map(({ images }) => images),
    ...(positiveKey === undefined ? {} : { positive_key: positiveKey }),
  };
}

function ownSide({ text, images: [image], parts }: PairSide): unknown {
  const instruction = parts?.instruction ?? "";
  return {
    ...(text === "" ? {} : { text }),
    ...(image === undefined ? {} : { image }),
    ...(instruction === "" ? {} : { instruction }),
  };
}

const SCHEMA: SchemaElement[] = [
  { name: "root", num_children: TEXTS.length + LISTS.length },
  ...TEXTS.map((name): SchemaElement => ({ name, type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "REQUIRED" })),
  ...LISTS.flatMap((name): SchemaElement[] => [
    { name, repetition_type: "REQUIRED", num_children: 1, converted_type: "LIST" },
    { name: "list", repetition_type: "REPEATED", num_children: 1 },
    { name: "element", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "REQUIRED" },
  ]),
];

async function inFile<Result>(file: string, action: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await action();
  } catch (error) {
    throw asFileError(error, file, "write");
  }
}
