import fc from "fast-check";
import { expect, test } from "vitest";
import { dequantiseRows, quantiseRows } from "./row-quantisation.ts";

test("every element within half a step of its row, the largest of a row exactly at 127 steps", () => {
  const finite = fc.float({ noNaN: true, min: Math.fround(-1e38), max: Math.fround(1e38) });
  fc.assert(
    fc.property(fc.array(fc.array(finite, { minLength: 3, maxLength: 3 }), { minLength: 1, maxLength: 5 }), (rows) => {
      const quantised = quantiseRows(Float32Array.from(rows.flat()), rows.length);
      const restored = dequantiseRows(quantised);
      rows.flat().forEach((value, index) => {
        const scale = quantised.scales[Math.floor(index / 3)] as number;
        expect(Math.abs((restored[index] as number) - value)).toBeLessThanOrEqual(Math.max(scale * 0.50001, 0));
      });
    }),
  );
});

test("worked by hand", () => {
  const { values, scales } = quantiseRows(Float32Array.of(127, -63.6, 0, 0), 2);
  expect([...values]).toEqual([127, -64, 0, 0]);
  expect([...scales]).toEqual([1, 1]);
});

test("a row that is not a number keeps a scale that is not one", () => {
  expect([...quantiseRows(Float32Array.of(1, NaN), 1).scales]).toEqual([NaN]);
});

test("no rows, no columns", () => {
  expect(dequantiseRows(quantiseRows(new Float32Array(0), 0))).toEqual(new Float32Array(0));
  expect(dequantiseRows(quantiseRows(new Float32Array(0), 3))).toEqual(new Float32Array(0));
});
