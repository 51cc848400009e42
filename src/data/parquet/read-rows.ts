import { ParquetFile, type ParquetInfo, type ParquetRow, type ReadRowsOptions } from "./parquet-file.ts";

/**
 * Reads the rows of a parquet file, some of its columns if they are named, from a row on if it is given. A page of each column is in memory,
 * whatever the size of file and row groups.
 * @throws {DataError} naming file, row and column: not a parquet file, truncated, damaged, a column that is not there (with the nearest).
 * @throws {FileError} if it cannot be read.
 */
export async function* readParquetRows(file: string, options: ReadRowsOptions = {}): AsyncGenerator<ParquetRow> {
  await using parquet = await ParquetFile.open(file);
  yield* parquet.rows(options);
}

/** What a parquet file holds, from its footer alone. @throws {DataError} {FileError} as {@link readParquetRows}. */
export async function parquetInfo(file: string): Promise<ParquetInfo> {
  await using parquet = await ParquetFile.open(file);
  return parquet.info;
}
