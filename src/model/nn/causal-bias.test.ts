import { expect, test } from "vitest";
import { runGraph } from "../../../test/fixtures/qwen2-vl/run-graph.ts";
import { GraphBuilder } from "../../engine/graph/graph-builder.ts";
import { intTensor } from "../../engine/tensor/tensor.ts";
import { causalBias, causalBiasOf, MASKED } from "./causal-bias.ts";

const o = 0;
const X = MASKED;

test("a token sees the prefix, itself and what stands before it", async () => {
  const builder = new GraphBuilder();
  const { bias } = await runGraph<"bias">(builder.finish({ bias: causalBias(builder, { tokens: 3, prefixLength: 2 }) }), {});
  expect(bias.shape).toEqual([1, 1, 3, 5]);
  expect(Array.from(bias.data)).toEqual([[o, o, o, X, X], [o, o, o, o, X], [o, o, o, o, o]].flat()); // prettier-ignore
});

test("chosen rows, other ones for each stream", async () => {
  const builder = new GraphBuilder();
  const places = builder.constant(intTensor([2, 2], [2, 0, 1, 1]));
  const { bias } = await runGraph<"bias">(builder.finish({ bias: causalBiasOf(places, { tokens: 3, prefixLength: 0 }) }), {});
  expect(bias.shape).toEqual([2, 1, 2, 3]);
  expect(Array.from(bias.data)).toEqual([[o, o, o], [o, X, X], [o, o, X], [o, o, X]].flat()); // prettier-ignore
});
