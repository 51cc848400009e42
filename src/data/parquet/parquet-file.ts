import { parquetMetadataAsync, parquetSchema, type DecodedArray, type FileMetaData, type RowGroup, type SchemaTree } from "hyparquet";
import { assembleNested } from "hyparquet/src/assemble.js";
import { DEFAULT_PARSERS } from "hyparquet/src/convert.js";
import { present } from "../../errors/families.ts";
import { FileBytes } from "./file-bytes.ts";
import { LeafReader } from "./leaf-reader.ts";
import { damaged, missingColumn, parquetError } from "./problems.ts";

/** A row of a parquet file. */
export interface ParquetRow {
  /** From 0 in the file. */
  readonly row: number;
  /** By column: text, number, bigint, boolean, null, bytes, lists of them, or objects of named parts. */
  readonly values: Readonly<Record<string, unknown>>;
}

/** What a parquet file holds. */
export interface ParquetInfo {
  readonly rows: number;
  /** Names of the columns, in the file's order. */
  readonly columns: readonly string[];
  /** Rows of each row group. */
  readonly rowGroups: readonly number[];
}

/** What is read of a parquet file. */
export interface ReadRowsOptions {
  /** All, if not given. */
  readonly columns?: readonly string[] | undefined;
  /** The first row, from 0. */
  readonly from?: number | undefined;
  /** Stops the reading between two rows. */
  readonly signal?: AbortSignal | undefined;
}

/** Rows that are decoded together. */
const ROWS_AT_ONCE = 128;

/** A parquet file that stays open, its footer read once. */
export class ParquetFile implements AsyncDisposable {
  readonly file: string;
  readonly info: ParquetInfo;
  readonly #bytes: FileBytes;
  readonly #metadata: FileMetaData;
  readonly #schema: SchemaTree;

  private constructor(bytes: FileBytes, metadata: FileMetaData) {
    this.file = bytes.file;
    this.#bytes = bytes;
    this.#metadata = metadata;
    this.#schema = parquetSchema(metadata);
    this.info = {
      rows: Number(metadata.num_rows),
      columns: this.#schema.children.map(({ element }) => element.name),
      rowGroups: metadata.row_groups.map(({ num_rows: rows }) => Number(rows)),
    };
  }

  /** @throws {FileError} if it cannot be read. @throws {DataError} if it is no parquet file, or truncated. */
  static async open(file: string): Promise<ParquetFile> {
    const bytes = await FileBytes.open(file);
    try {
      await checkMarks(bytes);
      const metadata = await parquetMetadataAsync(bytes, { geoparquet: false });
      return new ParquetFile(bytes, metadata);
    } catch (error) {
      await bytes.dispose();
      throw damaged(error, file);
    }
  }

  /**
   * Rows in the file's order, decoded as they are asked for: a page of each column is in memory.
   * @throws {DataError} naming file, row and column: a column that is not there, damaged pages. @throws {FileError} if it cannot be read.
   */
  async *rows({ columns = this.info.columns, from = 0, signal }: ReadRowsOptions = {}): AsyncGenerator<ParquetRow> {
    const absent = columns.find((column) => !this.info.columns.includes(column));
    if (absent !== undefined) throw missingColumn(this.file, absent, this.info.columns);
    let groupStart = 0;
    for (const [rowGroup, group] of this.#metadata.row_groups.entries()) {
      const count = Number(group.num_rows);
      const skipped = Math.max(0, from - groupStart);
      if (skipped < count) {
        const reading = this.#readGroup(group, { columns, skipped, groupStart, rowGroup });
        for await (const row of reading) {
          signal?.throwIfAborted();
          yield row;
        }
      }
      groupStart += count;
    }
  }

  async *#readGroup(group: RowGroup, { columns, skipped, groupStart, rowGroup }: GroupReading): AsyncGenerator<ParquetRow> {
    const readers = columns.map((column) => this.#columnReader(group, column));
    const inColumn = async <T>(column: string, row: number, work: Promise<T>): Promise<T> =>
      work.catch((error: unknown) => Promise.reject(damaged(error, this.file, { row, column, rowGroup })));
    await Promise.all(readers.map(({ name, skip }) => inColumn(name, groupStart + skipped, skip(skipped))));
    const rows = Number(group.num_rows);
    for (let at = skipped; at < rows; at += ROWS_AT_ONCE) {
      const count = Math.min(ROWS_AT_ONCE, rows - at);
      const first = groupStart + at;
      const values = await Promise.all(readers.map(({ name, take }) => inColumn(name, first, take(count))));
      for (const [place, column] of values.entries()) this.#checkCount(column.length, count, { row: first, column: columns[place] });
      for (let index = 0; index < count; index++) {
        const entries = columns.map((column, place) => [column, values[place]?.[index] ?? null] as const);
        yield { row: first + index, values: Object.fromEntries(entries) };
      }
    }
  }

  #checkCount(got: number, count: number, { row, column = "" }: { readonly row: number; readonly column: string | undefined }): void {
    if (got >= count) return;
    throw parquetError(this.file, `the column ends ${count - got} rows too early; fetch or write the file again`, { row, column });
  }

  /** A column as users see it, put together of its physical columns. */
  #columnReader(group: RowGroup, name: string): ColumnReader {
    const tree = present(
      this.#schema.children.find(({ element }) => element.name === name),
      "a column",
    );
    const leaves = this.#leaves(group, name);
    return {
      name,
      skip: async (count) => void (await Promise.all(leaves.map((leaf) => leaf.skip(count)))),
      take: async (count) => {
        const parts = await Promise.all(leaves.map(async (leaf) => [leaf.path.join("."), await leaf.take(count)] as const));
        if (tree.children.length === 0) return parts[0]?.[1] ?? [];
        const values = new Map<string, DecodedArray>(parts);
        assembleNested(values, tree, DEFAULT_PARSERS);
        return Array.from<unknown>(values.get(name) ?? []);
      },
    };
  }

  #leaves(group: RowGroup, name: string): LeafReader[] {
    try {
      const chunks = group.columns.filter((chunk) => chunk.meta_data?.path_in_schema[0] === name);
      return chunks.map((chunk) => new LeafReader(this.#bytes, chunk, this.#schema));
    } catch (error) {
      throw damaged(error, this.file, { column: name });
    }
  }

  /** Closes the file; a second call does nothing. */
  async dispose(): Promise<void> {
    await this.#bytes.dispose();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }
}

interface GroupReading {
  readonly columns: readonly string[];
  /** Rows at its beginning that are passed over. */
  readonly skipped: number;
  /** Rows of the file before it. */
  readonly groupStart: number;
  /** Its number. */
  readonly rowGroup: number;
}

interface ColumnReader {
  readonly name: string;
  readonly skip: (count: number) => Promise<void>;
  readonly take: (count: number) => Promise<readonly unknown[]>;
}

const MARK = "PAR1";

/** A parquet file begins and ends with the same four letters. */
async function checkMarks(bytes: FileBytes): Promise<void> {
  const { file, byteLength } = bytes;
  const begin = Buffer.from(await bytes.slice(0, Math.min(64, byteLength))).toString("latin1");
  if (!begin.startsWith(MARK)) {
    const pointer = begin.startsWith("version https://git-lfs") ? " but a pointer of Git LFS: fetch the file itself (git lfs pull)" : "";
    throw parquetError(file, `it is not a parquet file${pointer || "; check the path"}`);
  }
  const end = byteLength < 12 ? "" : Buffer.from(await bytes.slice(byteLength - 4)).toString("latin1");
  if (end !== MARK) throw parquetError(file, `it is truncated at ${byteLength} bytes: its footer is missing; fetch or write it again`);
}
