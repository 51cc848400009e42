import { expect, test } from "vitest";
import { thrownBy } from "../../test/support/thrown-by.ts";
import { floatTensor, type FloatTensor } from "../engine/tensor/tensor.ts";
import { TrainingError } from "../errors/families.ts";
import { clipGradients } from "./clipping.ts";

const gradients = (): Map<string, FloatTensor> =>
  new Map([
    ["a", floatTensor([2], [3, 0])],
    ["b", floatTensor([1, 1], [-4])],
  ]);

test("the norm is over all tensors; larger ones are scaled to the limit", () => {
  const clipped = gradients();
  expect(clipGradients(clipped, { maximumNorm: 1, step: 1 })).toBe(5);
  expect(clipped.get("a")?.data[0]).toBeCloseTo(0.6, 6);
  expect(clipped.get("b")?.data[0]).toBeCloseTo(-0.8, 6);
});

test("smaller ones stay bit by bit", () => {
  for (const maximumNorm of [5, 6, Number.POSITIVE_INFINITY]) {
    const kept = gradients();
    expect(clipGradients(kept, { maximumNorm, step: 1 })).toBe(5);
    expect(kept).toEqual(gradients());
  }
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])("%s is an error that names step and tensor", async (value) => {
  const bad = gradients().set("decoder.3.weight", floatTensor([3], [1, value, 0]));
  const error = await thrownBy(() => clipGradients(bad, { maximumNorm: 1, step: 17 }));
  expect(error).toBeInstanceOf(TrainingError);
  expect((error as TrainingError).details).toMatchObject({ step: 17, tensor: "decoder.3.weight" });
  expect((error as TrainingError).message).toMatch(/step 17.*decoder\.3\.weight.*[Rr]esume/);
  expect(bad.get("a")).toEqual(gradients().get("a"));
});

test("values of 1e30 are finite, and so is their norm", () => {
  const large = new Map([["a", floatTensor([2], [1e30, 0])]]);
  expect(clipGradients(large, { maximumNorm: 1, step: 1 })).toBeCloseTo(1e30, -24);
  expect(large.get("a")?.data[0]).toBeCloseTo(1, 6);
});
