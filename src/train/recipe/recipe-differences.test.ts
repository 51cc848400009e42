import { expect, test } from "vitest";
import { isChangeable, recipeDifferences } from "./recipe-differences.ts";

test("names every field that differs, by its path; lists are compared as a whole", () => {
  const from = { steps: 1, model: { freeze: ["vision"], base: "a" }, same: { deep: [1, { x: 2 }] } };
  const to = { steps: 2, model: { freeze: [] }, same: { deep: [1, { x: 2 }] }, chunkSize: 4 };
  expect(recipeDifferences(from, to)).toEqual([
    { field: "steps", from: 1, to: 2 },
    { field: "model.freeze", from: ["vision"], to: [] },
    { field: "model.base", from: "a", to: null },
    { field: "chunkSize", from: null, to: 4 },
  ]);
  expect(recipeDifferences(from, from)).toEqual([]);
});

test("a run may be made longer or slower, but not another one", () => {
  const fields = ["steps", "optimizer.learningRate", "optimizer.kind", "seed", "model.base", "data.batchSize"];
  expect(fields.filter((field) => isChangeable({ field }))).toEqual(["steps", "optimizer.learningRate"]);
});
