import { expect, test } from "vitest";
import { floatTensor } from "../../engine/tensor/tensor.ts";
import { chunksOf, joinData, rowsOf } from "./chunks.ts";

test("a list in runs, the last one shorter; joined they are the rows that were taken", () => {
  expect(chunksOf(["a", "b", "c"], 2)).toEqual([
    { start: 0, items: ["a", "b"] },
    { start: 2, items: ["c"] },
  ]);
  expect(chunksOf([], 2)).toEqual([]);
  const matrix = floatTensor([3, 2, 1], [1, 2, 3, 4, 5, 6]);
  const parts = chunksOf([0, 1, 2], 2).map(({ start, items }) => rowsOf(matrix, start, items.length));
  expect(parts.map(({ shape, data }) => [shape, [...data]])).toEqual([
    [[2, 2, 1], [1, 2, 3, 4]],
    [[1, 2, 1], [5, 6]],
  ]); // prettier-ignore
  expect(joinData(parts)).toEqual(matrix.data);
});
