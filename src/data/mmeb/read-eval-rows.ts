import { parquetInfo, readParquetRows } from "../parquet/read-rows.ts";
import { DataError } from "../../errors/families.ts";
import { EVAL_COLUMNS, parseEvalRow, type EvalRow } from "./eval-row.ts";

/** Which rows of a dataset are read. */
export interface ReadEvalRowsOptions {
  /** The first so many; all if not given. */
  readonly limit?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads a dataset's rows, of either layout, from its files one after another; columns of no use are passed over.
 * @throws {DataError} naming the file if it lacks the columns; naming dataset, row and column if a row is wrong. @throws {FileError}
 */
export async function* readEvalRows(
  dataset: string,
  files: readonly string[],
  { limit = Infinity, signal }: ReadEvalRowsOptions = {},
): AsyncGenerator<EvalRow> {
  let row = 0;
  for (const file of files) {
    const columns = await columnsOf(file, dataset);
    for await (const { values } of readParquetRows(file, { columns, signal })) {
      if (row >= limit) return;
      yield parseEvalRow(values, { dataset, row });
      row++;
    }
  }
}

/** The columns of a file that are of use. @throws {DataError} if it has no candidates. */
async function columnsOf(file: string, dataset: string): Promise<string[]> {
  const { columns } = await parquetInfo(file);
  const known = EVAL_COLUMNS.filter((column) => columns.includes(column));
  if (known.some((column) => column.startsWith("qry_")) && known.some((column) => column.startsWith("tgt_"))) return known;
  const message = `${file} has none of the columns of MMEB's evaluation (${EVAL_COLUMNS.join(", ")}), but ${columns.join(", ")}; is it the training part?`;
  throw new DataError({ message, details: { dataset, file, got: columns, expected: EVAL_COLUMNS } });
}
