import { expect, test } from "vitest";
import { makeMasks } from "./contrastive-masks.ts";

test("the positive is on the diagonal; duplicates of it are excluded, among hard negatives too", () => {
  const { positives, excluded } = makeMasks(["cat", "dog", "cat"], ["dog", "cow"]);
  expect(positives.shape).toEqual([3, 5]);
  expect([...positives.data]).toEqual([1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0]);
  expect([...excluded.data]).toEqual([0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0]);
});

test("without duplicates nothing is excluded", () => {
  expect([...makeMasks(["a", "b"]).excluded.data]).toEqual([0, 0, 0, 0]);
});
