import type { SchemaElement } from "hyparquet";
import type { ParquetWriter } from "hyparquet-writer";
import { rename, rm } from "node:fs/promises";
import { asFileError } from "../../files/atomic-write.ts";
import type { EmbeddingRow, EmbeddingWriter } from "./embedding-writer.ts";

/** Rows of a row group. */
const GROUP_SIZE = 1000;

/**
 * Writes Parquet: columns `id` (string), `aggregate` and `path_0`, `path_1`, ... (lists of float). What is written lies in `<file>.partial` until
 * all is.
 * @param pathCount path columns. @param metadata strings kept in the file.
 */
export async function parquetWriter(
  file: string,
  { pathCount, metadata }: { readonly pathCount: number; readonly metadata: Readonly<Record<string, string>> },
): Promise<EmbeddingWriter> {
  const { fileWriter, ParquetWriter: Writer } = await import("hyparquet-writer");
  const vectors = ["aggregate", ...Array.from({ length: pathCount }, (_, path) => `path_${path}`)];
  const open = (): ParquetWriter =>
    new Writer({
      writer: fileWriter(`${file}.partial`),
      schema: schemaOf(vectors),
      codec: "UNCOMPRESSED",
      statistics: false,
      createdBy: "polyvec",
      kvMetadata: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    });
  return new ParquetFile(file, await inFile(file, open));
}

class ParquetFile implements EmbeddingWriter {
  readonly #file: string;
  readonly #writer: ParquetWriter;
  #rows: EmbeddingRow[] = [];

  constructor(file: string, writer: ParquetWriter) {
    this.#file = file;
    this.#writer = writer;
  }

  async write(row: EmbeddingRow): Promise<void> {
    this.#rows.push(row);
    if (this.#rows.length === GROUP_SIZE) await this.#writeGroup();
  }

  async finish(): Promise<void> {
    if (this.#rows.length > 0) await this.#writeGroup();
    await inFile(this.#file, () => this.#writer.finish());
    await inFile(this.#file, () => rename(`${this.#file}.partial`, this.#file));
  }

  async abandon(): Promise<undefined> {
    await rm(`${this.#file}.partial`, { force: true }).catch(() => undefined); // of no use: the index of a Parquet file stands at its end
  }

  async #writeGroup(): Promise<void> {
    const rows = this.#rows;
    this.#rows = [];
    const column = (name: string, vectorOf: (row: EmbeddingRow) => Float32Array | undefined) => ({
      name,
      data: rows.map((row) => Array.from(vectorOf(row) ?? [])),
      encoding: "PLAIN" as const,
    });
    const paths = (rows[0]?.embedding.paths ?? []).map((_, path) => column(`path_${path}`, ({ embedding }) => embedding.paths[path]));
    const columnData = [
      { name: "id", data: rows.map(({ id }) => id) },
      column("aggregate", ({ embedding }) => embedding.aggregate),
      ...paths,
    ];
    await inFile(this.#file, () => this.#writer.write({ columnData, rowGroupSize: GROUP_SIZE }));
  }
}

function schemaOf(vectors: readonly string[]): SchemaElement[] {
  const list = (name: string): SchemaElement[] => [
    { name, repetition_type: "REQUIRED", num_children: 1, converted_type: "LIST" },
    { name: "list", repetition_type: "REPEATED", num_children: 1 },
    { name: "element", type: "FLOAT", repetition_type: "REQUIRED" },
  ];
  return [
    { name: "root", num_children: 1 + vectors.length },
    { name: "id", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "REQUIRED" },
    ...vectors.flatMap(list),
  ];
}

async function inFile<Result>(file: string, action: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await action();
  } catch (error) {
    throw asFileError(error, file, "write");
  }
}
