import { expect, test } from "vitest";
import { batchMetrics, type FinishedBatch } from "./step-metrics.ts";

const pairs = (task: string, loss: number): FinishedBatch => ({
  batch: { kind: "contrastive", task, queries: [{ text: "q" }], targets: [{ text: "a" }, { text: "b" }], targetKeys: ["a", "b"] },
  result: { loss, aggregateLoss: loss / 2, precision: 0.5, pathLosses: [loss, loss + 1], pathPrecisions: [0, 1], regulariser: loss / 10 },
});
const captions: FinishedBatch = {
  batch: { kind: "language", task: "caption", examples: [{ input: { text: "x" }, answer: "y" }] },
  result: { loss: 6, precision: 0.25, pathLosses: [], pathPrecisions: [] },
};

test("accumulated batches are logged as their mean; paths as the mean of those that have any", () => {
  expect(batchMetrics([pairs("grounding", 1), captions, pairs("grounding", 2)])).toEqual({
    kind: "contrastive",
    task: "grounding,caption",
    loss: 3,
    precision: (0.5 + 0.25 + 0.5) / 3,
    aggregateLoss: 0.75,
    pathLosses: [1.5, 2.5],
    pathPrecisions: [0, 1],
    regulariser: expect.closeTo(0.15, 12) as unknown,
    inputs: 3 + 1 + 3,
  });
});

test("a single path, or captions, have nothing of paths", () => {
  expect(batchMetrics([captions])).toEqual({ kind: "language", task: "caption", loss: 6, precision: 0.25, inputs: 1 });
  const one = pairs("t", 1);
  const single = { ...one, result: { ...one.result, pathLosses: [1], pathPrecisions: [1] } };
  expect(Object.keys(batchMetrics([single]))).toEqual(["kind", "task", "loss", "precision", "inputs"]);
});
