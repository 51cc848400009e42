import { expect, test } from "vitest";
import { dequantizeBlocks, quantizeBlocks } from "./block-quantization.ts";

test("4-bit numbers are off by a scale at most", () => {
  const values = Float32Array.from({ length: 3 * 70 }, (_, at) => Math.sin(at * at));
  const blocks = quantizeBlocks(values, 3);
  const restored = dequantizeBlocks(blocks, [3, 70]);
  expect([blocks.values.length, blocks.scales.length]).toEqual([3 * 3 * 16, 9]);
  for (const [at, value] of values.entries()) {
    const scale = Math.abs(blocks.scales[Math.floor(at / 70) * 3 + Math.floor((at % 70) / 32)] ?? 0);
    expect(Math.abs((restored[at] ?? 0) - value)).toBeLessThanOrEqual(scale * 1.0001);
  }
  expect(dequantizeBlocks(quantizeBlocks(new Float32Array(64), 1), [1, 64]).every((value) => value === 0)).toBe(true);
});
