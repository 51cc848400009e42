import { expect, test } from "vitest";
import { dequantizeColumns, quantizeColumns } from "./column-quantization.ts";
import { dequantizeRows, quantizeRows } from "./row-quantization.ts";

test("a matrix in columns is the one in rows, turned round", () => {
  const values = Float32Array.from({ length: 70 * 130 }, (_, at) => Math.sin(at));
  const columns = quantizeColumns(values, 70);
  expect(dequantizeColumns(columns)).toEqual(dequantizeRows(quantizeRows(values, 70)));
  expect([columns.values[1], columns.values[70]]).toEqual([quantizeRows(values, 70).values[130], quantizeRows(values, 70).values[1]]);
});
