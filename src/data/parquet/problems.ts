import { DataError } from "../../errors/families.ts";
import { PolyvecError } from "../../errors/polyvec-error.ts";
import { nearestName } from "../../files/nearest-name.ts";

/** Where in a parquet file something is wrong. */
export interface ParquetPlace {
  /** From 0. */
  readonly row?: number;
  readonly column?: string;
  /** From 0. */
  readonly rowGroup?: number;
  readonly cause?: unknown;
}

/** The error for a parquet file that cannot be used. */
export function parquetError(file: string, problem: string, { row, column, rowGroup, cause }: ParquetPlace = {}): DataError {
  const places = [
    row === undefined ? "" : `row ${row}`,
    column === undefined ? "" : `column "${column}"`,
    rowGroup === undefined ? "" : `row group ${rowGroup}`,
  ];
  const place = places.filter((part) => part !== "").join(", ");
  return new DataError({
    message: `${[file, place].filter((part) => part !== "").join(", ")}: ${problem}`,
    details: { file, row: row ?? null, field: column ?? null, ...(rowGroup === undefined ? {} : { rowGroup }) },
    cause,
  });
}

/** A page that cannot be right; {@link damaged} tells where. */
export class PageProblem extends DataError {
  constructor(problem: string) {
    super({ message: problem, details: { file: null, row: null, field: null } });
  }
}

/** What a library threw over the bytes of a file, as an error that names the place. Our own errors stay as they are. */
export function damaged(error: unknown, file: string, place: ParquetPlace = {}): Error {
  if (PolyvecError.isInstance(error) && !(error instanceof PageProblem)) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return parquetError(file, `it is damaged (${reason}); fetch or write it again`, { ...place, cause: error });
}

/** The error for columns that are asked for and not there. */
export function missingColumn(file: string, column: string, columns: readonly string[]): DataError {
  const near = nearestName(column, columns);
  const hint = near === undefined ? "" : `, the nearest is "${near}"`;
  const problem = `there is no such column${hint}; there are ${columns.map((name) => `"${name}"`).join(", ") || "none"}`;
  return parquetError(file, problem, { column });
}
