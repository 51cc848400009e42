import fc from "fast-check";
import { expect, test } from "vitest";
import { learningRateAt, warmUpShare, type Schedule } from "./schedule.ts";

const at = (step: number, decay: Schedule["decay"]): number => learningRateAt(step, { learningRate: 2, warmUpSteps: 4, steps: 14, decay });

test("warms up on a line whose first step is not 0", () => {
  expect([0, 1, 2, 3, 4].map((step) => at(step, "constant"))).toEqual([0.5, 1, 1.5, 2, 2]);
});

test("falls on a line, on half a cosine, or not at all", () => {
  expect([4, 9, 14, 99].map((step) => at(step, "linear"))).toEqual([2, 1, 0, 0]);
  expect([4, 9, 14].map((step) => at(step, "cosine"))).toEqual([2, expect.closeTo(1), 0]);
  expect(at(6, "cosine")).toBeCloseTo(1 + Math.cos(0.2 * Math.PI), 12);
  expect(at(99, "constant")).toBe(2);
});

test("never leaves [0, the highest rate], whatever the settings", () => {
  const settings = fc.record({
    learningRate: fc.double({ min: 1e-6, max: 1, noNaN: true }),
    warmUpSteps: fc.nat(20),
    steps: fc.nat(40),
    decay: fc.constantFrom("constant", "linear", "cosine"),
  });
  fc.assert(
    fc.property(settings, fc.nat(60), (schedule, step) => {
      const rate = learningRateAt(step, schedule);
      return rate >= 0 && rate <= schedule.learningRate * (1 + 1e-12);
    }),
  );
});

test("a warm-up rises to 1, and is 1 where there is none", () => {
  expect([0, 9, 19, 39, 50].map((step) => warmUpShare(step, 40))).toEqual([0.025, 0.25, 0.5, 1, 1]);
  expect(warmUpShare(0, 0)).toBe(1);
});
