import fc from "fast-check";
import { expect, test } from "vitest";
import { planBatches, type InputSize } from "./plan-batches.ts";

const grid = fc.option(fc.record({ rows: fc.integer({ min: 2, max: 40 }), columns: fc.integer({ min: 2, max: 40 }) }), { nil: undefined });
const sizes = fc.array(fc.record({ tokens: fc.integer({ min: 0, max: 900 }), grid }), { maxLength: 60 });

test("every input is in one batch, none is too large, texts and images are apart", () => {
  fc.assert(
    fc.property(sizes, fc.integer({ min: 1, max: 12 }), (inputs: readonly InputSize[], batchSize) => {
      const batches = planBatches(inputs, batchSize);
      expect(batches.flat().sort((a, b) => a - b)).toEqual(inputs.map((_, place) => place));
      for (const batch of batches) {
        expect(batch.length).toBeLessThanOrEqual(batchSize);
        expect(new Set(batch.map((place) => inputs[place]?.grid === undefined)).size).toBe(1);
      }
    }),
  );
});

test("inputs of one length share a batch, whatever came between them", () => {
  const text = (tokens: number): InputSize => ({ tokens });
  const image = (rows: number): InputSize => ({ tokens: rows, grid: { rows, columns: rows } });
  expect(planBatches([text(5), image(4), text(5), image(8), text(5), image(4), image(8)], 2)).toEqual([[0, 2], [4], [1, 5], [3, 6]]);
});

test("a long input does not fill up short ones, unless it is little", () => {
  const lengths = (...tokens: readonly number[]): InputSize[] => tokens.map((count) => ({ tokens: count }));
  expect(planBatches(lengths(5, 900, 5), 8)).toEqual([[0, 2], [1]]);
  expect(planBatches(lengths(5, 90, 5), 8)).toEqual([[0, 2, 1]]);
});

test("lengths come in ascending order, whatever the order they are given in", () => {
  const tokens = [700, 20, 300, 10, 600, 310];
  const planned = planBatches(tokens.map((count) => ({ tokens: count })), 2); // prettier-ignore
  expect(planned.map((batch) => batch.map((place) => tokens[place]))).toEqual([[10, 20], [300, 310], [600, 700]]); // prettier-ignore
});

test("batches of long inputs are smaller, so that attention's scores have room", () => {
  const many = (tokens: number): number[] => planBatches(Array.from({ length: 64 }, () => ({ tokens })), 32).map(({ length }) => length); // prettier-ignore
  expect(many(724)).toEqual([32, 32]);
  expect(many(1024)).toEqual([16, 16, 16, 16]);
  expect(many(4096)).toEqual(Array.from({ length: 64 }, () => 1));
  expect(many(8000)).toHaveLength(64);
});
