import type { ParquetRow } from "./parquet-file.ts";
import { parquetError } from "./problems.ts";

/** Where a cell lies. */
export interface CellPlace {
  readonly file: string;
  readonly column: string;
}

/** A cell that holds a text; "" if it is empty or its column is not there. @throws {DataError} if it holds something else. */
export function textCell({ row, values }: ParquetRow, { file, column }: CellPlace): string {
  const value = values[column] ?? "";
  if (typeof value === "string") return value;
  throw wrongType(value, "a text", { file, column, row });
}

/** A cell that holds texts, or one text; none if it is empty or its column is not there. @throws {DataError} if it holds something else. */
export function textsCell({ row, values }: ParquetRow, { file, column }: CellPlace): string[] {
  const value = values[column] ?? [];
  if (typeof value === "string") return [value];
  if (!Array.isArray(value)) throw wrongType(value, "a text or a list of texts", { file, column, row });
  return value.map((item: unknown) => {
    if (item === null || item === undefined) return "";
    if (typeof item !== "string") throw wrongType(item, "a list of texts", { file, column, row });
    return item;
  });
}

function wrongType(value: unknown, expected: string, { file, column, row }: CellPlace & { readonly row: number }): Error {
  const got = value instanceof Uint8Array ? "bytes" : Array.isArray(value) ? "a list" : typeof value;
  return parquetError(file, `it holds ${got}, expected ${expected}; name another column or convert it`, { row, column });
}
