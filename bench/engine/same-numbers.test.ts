import { expect, it } from "vitest";
import { floatTensor } from "../../src/engine/tensor/tensor.ts";
import { largestDistance } from "./same-numbers.ts";

const reference = new Map([
  ["near", floatTensor([2], [1, 100])],
  ["far", floatTensor([2], [1, 4])],
]);

it("finds the tensor that differs most, as a share of its largest number", () => {
  const tensors = { near: floatTensor([2], [2, 100]), far: floatTensor([2], [1, 3]) };
  expect(largestDistance(tensors, reference)).toEqual({ name: "far", relative: 0.25 });
  expect(largestDistance({ far: floatTensor([2], [1, 4]) }, reference)).toEqual({ name: "far", relative: 0 });
});

it("never takes what is no number for near", () => {
  expect(largestDistance({ near: floatTensor([2], [Number.NaN, 100]) }, reference).relative).toBe(Number.POSITIVE_INFINITY);
});

it("refuses what cannot be compared", () => {
  expect(() => largestDistance({ other: floatTensor([1], [1]) }, reference)).toThrow(/the reference of other/);
  expect(() => largestDistance({ near: floatTensor([1], [1]) }, reference)).toThrow(/differ in size/);
});
