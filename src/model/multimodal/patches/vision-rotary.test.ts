import { expect, test } from "vitest";
import { relativeError } from "../../../../test/fixtures/qwen2-vl/run-graph.ts";
import { TINY } from "../../../../test/fixtures/qwen2-vl/tiny-model.ts";
import { visionRotaryTables } from "./vision-rotary.ts";

test("a patch turns by its row, then by its column, block by block", () => {
  const config = { ...TINY.vision, embedDimension: 16, headCount: 2 };
  const { cosines, sines } = visionRotaryTables(config, [{ rows: 2, columns: 4 }, { rows: 2, columns: 2 }]); // prettier-ignore
  // of 8 numbers a head: two pairs by the row, two by the column, with frequencies 1 and 1/100
  const places = [[0, 0], [0, 1], [1, 0], [1, 1], [0, 2], [0, 3], [1, 2], [1, 3]]; // prettier-ignore
  const angles = places.flatMap(([row = 0, column = 0]) => [row, row / 100, column, column / 100]);
  expect(cosines.shape).toEqual([2, 8, 4]);
  const small = angles.slice(0, 4 * 4);
  const padded = [...angles, ...small, ...Array.from({ length: 16 }, () => 0)];
  expect(relativeError(cosines.data, padded.map(Math.cos))).toBeLessThan(1e-6);
  expect(relativeError(sines.data, padded.map(Math.sin))).toBeLessThan(1e-6);
  const again = visionRotaryTables(config, [{ rows: 2, columns: 2 }, { rows: 2, columns: 4 }, { rows: 2, columns: 2 }]); // prettier-ignore
  const [wide, narrow] = [cosines.data.subarray(0, 8 * 4), cosines.data.subarray(8 * 4)];
  expect(again.cosines.data).toEqual(Float32Array.of(...narrow, ...wide, ...narrow));
});
