import { expect, test } from "vitest";
import { relativeError } from "../../../test/fixtures/qwen2-vl/run-graph.ts";
import { decoderRotaryTables } from "./rotary-tables.ts";

test("each pair turns by the position of its axis", () => {
  // two tokens; frequencies 16^(-j/4) = 1, 1/2, 1/4, 1/8
  const rotary = { theta: 16, pairAxes: [0, 1, 2, 2] };
  const { cosines, sines } = decoderRotaryTables(rotary, Int32Array.of(1, 2, 3, 4, 5, 6), [1, 2]);
  const angles = [1, 3 / 2, 5 / 4, 5 / 8, 2, 4 / 2, 6 / 4, 6 / 8];
  expect(cosines.shape).toEqual([1, 2, 4]);
  expect(relativeError(cosines.data, angles.map(Math.cos))).toBeLessThan(1e-6);
  expect(relativeError(sines.data, angles.map(Math.sin))).toBeLessThan(1e-6);
});
