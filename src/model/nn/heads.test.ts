import { expect, test } from "vitest";
import { randomTensor } from "../../../test/fixtures/qwen2-vl/tiny-model.ts";
import { runGraph } from "../../../test/fixtures/qwen2-vl/run-graph.ts";
import { symbol } from "../../engine/graph/dimension.ts";
import { GraphBuilder } from "../../engine/graph/graph-builder.ts";
import { floatTensor, intTensor } from "../../engine/tensor/tensor.ts";
import { mergeHeads, pickTokens, splitHeads } from "./heads.ts";

test("heads are split from a token's width, and put together again", async () => {
  const builder = new GraphBuilder();
  const split = splitHeads(builder.input("x", "float32", [1, symbol("tokens"), 4]), 2, 2);
  const graph = builder.finish({ split, merged: mergeHeads(split) });
  const x = floatTensor([1, 3, 4], [0, 1, 10, 11, 100, 101, 110, 111, 200, 201, 210, 211]);
  const { split: heads, merged } = await runGraph<"split" | "merged">(graph, { x });
  expect(heads.shape).toEqual([1, 2, 3, 2]);
  expect(Array.from(heads.data)).toEqual([0, 1, 100, 101, 200, 201, 10, 11, 110, 111, 210, 211]);
  expect(merged).toEqual(x);
});

test("tokens are picked by their rows in the whole batch", async () => {
  const builder = new GraphBuilder();
  const x = randomTensor([2, 3, 2], 1);
  const picked = pickTokens(builder.constant(x), builder.constant(intTensor([2, 1], [2, 3])));
  const { picked: actual } = await runGraph<"picked">(builder.finish({ picked }), {});
  expect(actual).toEqual(floatTensor([2, 1, 2], x.data.slice(4, 8)));
});
