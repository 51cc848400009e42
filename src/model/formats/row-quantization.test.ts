import fc from "fast-check";
import { expect, test } from "vitest";
import { dequantizeRows, quantizeRows } from "./row-quantization.ts";

test("every element within half a step of its row, the largest of a row exactly at 127 steps", () => {
  const finite = fc.float({ noNaN: true, min: Math.fround(-1e38), max: Math.fround(1e38) });
  fc.assert(
    fc.property(fc.array(fc.array(finite, { minLength: 3, maxLength: 3 }), { minLength: 1, maxLength: 5 }), (rows) => {
      const quantized = quantizeRows(Float32Array.from(rows.flat()), rows.length);
      const restored = dequantizeRows(quantized);
      rows.flat().forEach((value, index) => {
        const scale = quantized.scales[Math.floor(index / 3)] as number;
        expect(Math.abs((restored[index] as number) - value)).toBeLessThanOrEqual(Math.max(scale * 0.50001, 0));
      });
    }),
  );
});

test("worked by hand", () => {
  const { values, scales } = quantizeRows(Float32Array.of(127, -63.6, 0, 0), 2);
  expect([...values]).toEqual([127, -64, 0, 0]);
  expect([...scales]).toEqual([1, 1]);
});

test("a row that is not a number keeps a scale that is not one", () => {
  expect([...quantizeRows(Float32Array.of(1, NaN), 1).scales]).toEqual([NaN]);
});

test("no rows, no columns", () => {
  expect(dequantizeRows(quantizeRows(new Float32Array(0), 0))).toEqual(new Float32Array(0));
  expect(dequantizeRows(quantizeRows(new Float32Array(0), 3))).toEqual(new Float32Array(0));
});
