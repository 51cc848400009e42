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
