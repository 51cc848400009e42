import { expect, test } from "vitest";
import { tinyInputs, tinyTrainable } from "../../test/support/training/tiny-trainable.ts";
import { thrownBy } from "../../test/support/thrown-by.ts";
import { AbortedError } from "../errors/families.ts";
import { WeightEmbedder } from "./embed-with-weights.ts";

const model = tinyTrainable({ count: 2, prefixLength: 2, topology: { kind: "parallel" }, aggregation: "gate" });
const inputs = [...tinyInputs("text", 3, 1), ...tinyInputs("images of several sizes", 3, 2), ...tinyInputs("text", 2, 3)];

function worst(left: Float32Array, right: Float32Array): number {
  expect(left.length).toBe(right.length);
  return left.reduce((most, value, at) => Math.max(most, Math.abs(value - (right[at] ?? 9))), 0);
}

test("rows stand in the order of the inputs, of unit length, whatever they were batched with", async () => {
  await using embedder = new WeightEmbedder(model, { batchSize: 3, threads: 1 });
  const all = await embedder.embed(inputs);
  expect([all.count, all.pathCount, all.dimensions]).toEqual([8, 2, 32]);
  for (const [index, input] of inputs.entries()) {
    const alone = await embedder.embed([input]);
    expect(worst(all.aggregate.subarray(index * 32, (index + 1) * 32), alone.aggregate)).toBeLessThan(1e-5);
    expect(worst(all.paths.subarray(index * 64, (index + 1) * 64), alone.paths)).toBeLessThan(1e-5);
    expect(Math.hypot(...alone.paths.subarray(32))).toBeCloseTo(1, 5);
  }
  expect((await embedder.embed([])).count).toBe(0);
});

test("sees the weights as they are at the moment", async () => {
  await using embedder = new WeightEmbedder(model, { threads: 1 });
  const before = await embedder.embed(inputs.slice(0, 1));
  const norm = model.weights.get("model.norm.weight");
  norm?.data.forEach((value, at) => (norm.data[at] = value * (1 + at)));
  const after = await embedder.embed(inputs.slice(0, 1));
  expect(worst(before.aggregate, after.aggregate)).toBeGreaterThan(1e-2);
});

test("stops between batches when it is told to", async () => {
  await using embedder = new WeightEmbedder(model, { threads: 1 });
  const stopped = await thrownBy(() => embedder.embed(inputs, { signal: AbortSignal.abort() }));
  expect(stopped).toBeInstanceOf(AbortedError);
});
