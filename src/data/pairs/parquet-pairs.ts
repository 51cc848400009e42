import { ParquetFile } from "../parquet/parquet-file.ts";
import { missingColumn, parquetError } from "../parquet/problems.ts";
import { NEEDED_COLUMNS, OWN_COLUMNS, PAIR_COLUMNS, readPairCells } from "./pair-columns.ts";
import type { PairDataset } from "./pair-dataset.ts";
import type { PairRow } from "./pair-row.ts";

/** A dataset of MMEB's columns in one or more parquet files, its shards, one after another. */
export class ParquetPairs implements PairDataset {
  readonly name: string;
  readonly rows: number;
  readonly files: readonly string[];
  readonly #shards: readonly ParquetFile[];

  private constructor(name: string, shards: readonly ParquetFile[]) {
    this.name = name;
    this.#shards = shards;
    this.files = shards.map(({ file }) => file);
    this.rows = shards.reduce((sum, { info }) => sum + info.rows, 0);
  }

  /** @throws {FileError} {DataError} as `ParquetFile.open`, and if a needed column is not there. */
  static async open(name: string, files: readonly string[]): Promise<ParquetPairs> {
    const shards: ParquetFile[] = [];
    try {
      for (const file of files) {
        const shard = await ParquetFile.open(file);
        shards.push(shard);
        const absent = NEEDED_COLUMNS.find((column) => !shard.info.columns.includes(column));
        if (absent !== undefined) throw missingColumn(file, absent, shard.info.columns);
      }
    } catch (error) {
      await Promise.all(shards.map((shard) => shard.dispose()));
      throw error;
    }
    return new ParquetPairs(name, shards);
  }

  async *read(from: number, count: number, signal?: AbortSignal): AsyncGenerator<PairRow> {
    let start = 0;
    let [next, left] = [from, count];
    for (const shard of this.#shards) {
      const end = start + shard.info.rows;
      if (left > 0 && next < end) {
        const known = [...PAIR_COLUMNS, ...OWN_COLUMNS].filter((column) => shard.info.columns.includes(column));
        for await (const { row, values } of shard.rows({ columns: known, from: next - start, signal })) {
          yield readPairCells(start + row, values, (column, problem) => parquetError(shard.file, problem, { row, column }));
          next++;
          if (--left === 0) return;
        }
      }
      start = end;
    }
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#shards.map((shard) => shard.dispose()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }
}
