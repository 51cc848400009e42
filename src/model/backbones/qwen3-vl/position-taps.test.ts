import fc from "fast-check";
import { expect, test } from "vitest";
import { interleavedAxes } from "./interleaved-axes.ts";
import { positionTaps, TAPS } from "./position-taps.ts";

const even = fc.integer({ min: 1, max: 6 }).map((half) => 2 * half);

/** The place on the learned grid that a patch's taps mix to, and the sum of their weights. */
function mixed(side: number, { rows, weights }: ReturnType<typeof positionTaps>, patch: number): readonly [number, number, number] {
  const taps = Array.from({ length: TAPS }, (_, tap) => ({ row: rows.data[patch * TAPS + tap] ?? -1, weight: weights.data[patch * TAPS + tap] ?? -1 }));
  const sum = (of: (row: number) => number): number => taps.reduce((total, { row, weight }) => total + weight * of(row), 0);
  return [sum((row) => Math.floor(row / side)), sum((row) => row % side), sum(() => 1)];
} // prettier-ignore

test("corners meet corners and weights sum to one, whatever the sizes", () => {
  fc.assert(
    fc.property(even, even, fc.integer({ min: 1, max: 9 }), (rows, columns, side) => {
      const taps = positionTaps({ positionsPerSide: side, spatialMergeSize: 2 }, [{ rows, columns }]);
      const places = Array.from({ length: rows * columns }, (_, patch) => mixed(side, taps, patch));
      for (const [row, column, total] of places) {
        expect(total).toBeCloseTo(1, 5);
        expect(row).toBeLessThanOrEqual(side - 1 + 1e-5);
        expect(column).toBeLessThanOrEqual(side - 1 + 1e-5);
      }
      expect(places[0]?.map((value) => value.toFixed(4))).toEqual(["0.0000", "0.0000", "1.0000"]);
      const [lastRow = -1, lastColumn = -1] = places.at(-1) ?? [];
      expect(lastRow).toBeCloseTo(side - 1, 4);
      expect(lastColumn).toBeCloseTo(side - 1, 4);
    }),
  );
});

test("worked by hand: four columns over three positions lie two thirds of a position apart, block by block", () => {
  const { rows, weights } = positionTaps({ positionsPerSide: 3, spatialMergeSize: 2 }, [{ rows: 2, columns: 4 }]);
  expect(rows.shape).toEqual([1, 2, 4, TAPS]);
  // the second patch of the first row lies at row 0, column 2/3
  expect([...rows.data.subarray(4, 8)]).toEqual([0, 1, 3, 4]);
  expect([...weights.data.subarray(4, 8)].map((weight) => weight.toFixed(4))).toEqual(["0.3333", "0.6667", "0.0000", "0.0000"]);
  // the third is the first of the second row, which is the last of the grid
  expect([...rows.data.subarray(8, 12)]).toEqual([6, 7, 6, 7]);
  expect([...weights.data.subarray(8, 12)]).toEqual([1, 0, 0, 0]);
});

test("padding has no weight", () => {
  const taps = positionTaps({ positionsPerSide: 2, spatialMergeSize: 2 }, [
    { rows: 2, columns: 2 },
    { rows: 2, columns: 4 },
  ]);
  expect(taps.weights.shape).toEqual([2, 2, 4, TAPS]);
  expect([...taps.weights.data.subarray(4 * TAPS, 8 * TAPS)].every((weight) => weight === 0)).toBe(true);
  expect(taps.weights.data.subarray(0, 4 * TAPS).reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(4, 6);
});

test("axes take turns until a section is used up", () => {
  expect(interleavedAxes([4, 2, 1], 7)).toEqual([0, 1, 2, 0, 1, 0, 0]);
  expect(interleavedAxes([3, 0, 0], 3)).toEqual([0, 0, 0]);
});
