import { describe, expect, it } from "vitest";
import { expectClose } from "../../../test/support/engine/expect-close.ts";
import { present } from "../../errors/families.ts";
import { RandomStream } from "../../random/random-stream.ts";
import { addDimensions, evaluateShape, symbol, type Dimension } from "../graph/dimension.ts";
import { GraphBuilder, type Graph } from "../graph/graph-builder.ts";
import { add, attention, concat, expand, reduceSum, reshape, rotary, transpose } from "../graph/operators.ts";
import { denseOf } from "../graph/reference/dense.ts";
import { evaluateGraph } from "../graph/reference/evaluate.ts";
import type { Value } from "../graph/value.ts";
import { GraphSession } from "./graph-session.ts";
import { floatTensor, sizeOf, type Tensor } from "../tensor/tensor.ts";
import { lowerGraph } from "../onnx/lower.ts";
import { printModel } from "../onnx/print-model.ts";

const [batch, tokens] = [symbol("batch"), symbol("tokens")];
const bindings = { batch: 3, tokens: 5 };

interface Layout {
  readonly heads?: number;
  readonly groups?: number;
  readonly rotate?: boolean;
  readonly prefix?: number;
  readonly also?: (parts: { readonly query: Value; readonly mixed: Value }) => Record<string, Value>;
}

/** Attention as a decoder makes it: projections split into heads, rotated, after a prefix, masked, heads merged. */
function decoderAttention({ heads = 4, groups = 2, rotate = true, prefix = 3, also = () => ({}) }: Layout): Graph {
  const g = new GraphBuilder();
  const width = 4;
  const split = (name: string, count: number): Value =>
    transpose(reshape(g.input(name, "float32", [batch, tokens, count * width]), [batch, tokens, count, width]), [0, 2, 1, 3]);
  const tables = ["cos", "sin"].map((name) => g.input(name, "float32", [batch, tokens, width / 2])) as [Value, Value];
  const turn = (x: Value): Value => (rotate ? rotary(x, ...tables) : x);
  const prefixed = (x: Value, name: string): Value =>
    prefix === 0 ? x : concat([expand(g.input(name, "float32", [1, groups, prefix, width]), [batch, groups, prefix, width]), x], 2);
  const query = turn(split("query", heads));
  const key = prefixed(turn(split("key", groups)), "prefixKeys");
  const value = prefixed(split("value", groups), "prefixValues");
  const keys: Dimension = addDimensions(tokens, prefix);
  const mixed = attention({ query, key, value, bias: g.input("bias", "float32", [batch, 1, tokens, keys]), scale: 0.5 });
  return g.finish({ y: reshape(transpose(mixed, [0, 2, 1, 3]), [batch, tokens, heads * width]), ...also({ query, mixed }) });
}

function tensorsFor(graph: Graph): Record<string, Tensor> {
  const draw = ([name, value]: [string, Value]): [string, Tensor] => {
    const shape = evaluateShape(value.shape, bindings);
    return [name, floatTensor(shape, new RandomStream("packed", name).normals(sizeOf(shape)))];
  };
  return Object.fromEntries([...graph.inputs].map(draw));
}

const operators = (graph: Graph): string[] => lowerGraph(graph).graph.node.map(({ opType }) => opType);

describe("attention on packed heads", () => {
  it.each<readonly [string, Layout, boolean]>([
    ["rotated, prefixed, grouped", {}, true],
    ["no prefix", { prefix: 0 }, true],
    ["no rotation", { rotate: false, prefix: 0 }, true],
    ["one group for each head", { groups: 4 }, true],
    ["the query read elsewhere", { also: ({ query }) => ({ sum: reduceSum(query, [0, 1, 2, 3]) }) }, false],
    ["the heads read elsewhere", { also: ({ mixed }) => ({ other: add(mixed, 1) }) }, false],
    ["the heads an output", { also: ({ mixed }) => ({ mixed }) }, false],
  ])("%s: equals the reference", async (_, layout, packed) => {
    const graph = decoderAttention(layout);
    const heads = lowerGraph(graph)
      .graph.node.find(({ opType }) => opType === "Attention")
      ?.attribute.find(({ name }) => name === "q_num_heads");
    expect(heads !== undefined).toBe(packed);
    const tensors = tensorsFor(graph);
    const expected = evaluateGraph(graph, tensors);
    await using session = await GraphSession.create(graph, { threads: 1 });
    const results = await session.run(tensors);
    for (const name of graph.outputs.keys())
      expectClose(denseOf(present(results[name], name)), denseOf(present(expected[name], name)), 2e-6);
  });

  it("transposes nothing but the prefix", () => {
    expect(operators(decoderAttention({ prefix: 0 }))).toEqual(["RotaryEmbedding", "RotaryEmbedding", "Attention"]);
    expect(printModel(lowerGraph(decoderAttention({})))).toMatchInlineSnapshot(`
      "inputs
        cos: float32 [batch, tokens, 2]
        sin: float32 [batch, tokens, 2]
        query: float32 [batch, tokens, 16]
        key: float32 [batch, tokens, 8]
        prefixKeys: float32 [1, 2, 3, 4]
        value: float32 [batch, tokens, 8]
        prefixValues: float32 [1, 2, 3, 4]
        bias: float32 [batch, 1, tokens, 3 + tokens]
      initializers
        constant#1: int64 [1] = 2
        constant#2: int64 [1] = 3
        constant#3: int64 [1] = 4
        constant#10: int64 [3] = 0, 3, 8
      nodes
        Shape#0 = Shape(cos) {start: 0, end: 1}
        Concat#4 = Concat(Shape#0, constant#1, constant#2, constant#3) {axis: 0}
        Expand#5 = Expand(prefixKeys, Concat#4)
        Concat#6 = Concat(Shape#0, constant#1, constant#2, constant#3) {axis: 0}
        Expand#7 = Expand(prefixValues, Concat#6)
        RotaryEmbedding#8 = RotaryEmbedding(query, cos, sin) {num_heads: 4}
        Transpose#9 = Transpose(Expand#5) {perm: [0, 2, 1, 3]}
        Reshape#11 = Reshape(Transpose#9, constant#10)
        RotaryEmbedding#12 = RotaryEmbedding(key, cos, sin) {num_heads: 2}
        Concat#13 = Concat(Reshape#11, RotaryEmbedding#12) {axis: 1}
        Transpose#14 = Transpose(Expand#7) {perm: [0, 2, 1, 3]}
        Reshape#15 = Reshape(Transpose#14, constant#10)
        Concat#16 = Concat(Reshape#15, value) {axis: 1}
        y = Attention(RotaryEmbedding#8, Concat#13, Concat#16, bias) {scale: 0.5, q_num_heads: 4, kv_num_heads: 2}
      outputs
        y: float32 [batch, tokens, 16]"
    `);
  });
});
