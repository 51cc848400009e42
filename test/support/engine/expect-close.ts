import { expect } from "vitest";
import type { Dense } from "../../../src/engine/graph/reference/dense.ts";

/** Every element within `tolerance` times the largest magnitude (at least 1) of the expected tensor. */
export function expectClose(actual: Dense, expected: Dense, tolerance: number): void {
  expect([...actual.shape]).toEqual([...expected.shape]);
  const scale = expected.data.reduce((largest, number) => Math.max(largest, Math.abs(number)), 1);
  const wrong = actual.data.findIndex((number, position) => !(Math.abs(number - (expected.data[position] as number)) <= tolerance * scale));
  expect(
    wrong === -1
      ? "close"
      : `
element ${wrong}: got ${actual.data[wrong]}, expected ${expected.data[wrong]}, scale ${scale}`,
  ).toBe("close");
}
