import { expect, test } from "vitest";
import { runGraph } from "../../../test/fixtures/qwen2-vl/run-graph.ts";
import { present } from "../../errors/families.ts";
import { GraphBuilder } from "../../engine/graph/graph-builder.ts";
import { floatTensor, type FloatTensor } from "../../engine/tensor/tensor.ts";
import { alongBatch, sideBySide } from "./prefixes.ts";

/** [N = 2, G = 2, P = 2, W = 1]: hundreds name the path, tens the head, ones the place. Values are the keys and a half. */
const KEYS = floatTensor([2, 2, 2, 1], [100, 101, 110, 111, 200, 201, 210, 211]);
const BATCH = 2;

async function arrange(how: typeof alongBatch): Promise<Record<"keys" | "values", FloatTensor>> {
  const builder = new GraphBuilder();
  const [keys, values] = [builder.input("k", "float32", KEYS.shape), builder.input("v", "float32", KEYS.shape)];
  const graph = builder.finish({ ...present(how({ keys, values }, BATCH), "a prefix") });
  return runGraph(graph, { k: KEYS, v: { ...KEYS, data: KEYS.data.map((value) => value + 0.5) } });
}

test("streams lie path by path on the batch axis, each input with its path's prefixes", async () => {
  const { keys, values } = await arrange(alongBatch);
  const [first, second] = [[100, 101, 110, 111], [200, 201, 210, 211]]; // prettier-ignore
  expect(keys.shape).toEqual([4, 2, 2, 1]);
  expect(Array.from(keys.data)).toEqual([first, first, second, second].flat());
  expect(Array.from(values.data)).toEqual([first, first, second, second].flat().map((value) => value + 0.5));
});

test("side by side, each head has the prefixes of all paths, the same for every input", async () => {
  const { keys, values } = await arrange(sideBySide);
  const one = [100, 101, 200, 201, 110, 111, 210, 211];
  expect(keys.shape).toEqual([2, 2, 4, 1]);
  expect(Array.from(keys.data)).toEqual([...one, ...one]);
  expect(Array.from(values.data)).toEqual([...one, ...one].map((value) => value + 0.5));
});

test("no prefix stays none", () => {
  expect(alongBatch(undefined, 2)).toBeUndefined();
  expect(sideBySide(undefined, 2)).toBeUndefined();
});
