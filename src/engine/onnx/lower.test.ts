import { describe, expect, it } from "vitest";
import { differentiate } from "../autodiff/differentiate.ts";
import { addDimensions, multiplyDimensions, symbol } from "../graph/dimension.ts";
import { GraphBuilder } from "../graph/graph-builder.ts";
import {
  add,
  after,
  attention,
  cast,
  div,
  expand,
  iota,
  matmul,
  mul,
  reduceMean,
  reduceSum,
  reshape,
  rmsNorm,
  scatterAdd,
  silu,
  sqrt,
  square,
} from "../graph/operators.ts";
import type { Value } from "../graph/value.ts";
import { lowerGraph } from "./lower.ts";
import { printModel } from "./print-model.ts";

const [batch, tokens] = [symbol("batch"), symbol("tokens")];

describe("lowered graphs", () => {
  it("read symbolic lengths from the inputs' shapes, once each", () => {
    const g = new GraphBuilder();
    const x = g.input("x", "float32", [batch, tokens, 4]);
    const rows = reshape(x, [multiplyDimensions(batch, tokens), 4]);
    const positions = reshape(cast(iota(g, addDimensions(tokens, 1)), "float32"), [addDimensions(tokens, 1), 1]);
    expect(printModel(lowerGraph(g.finish({ rows, positions, spread: expand(positions, [batch, addDimensions(tokens, 1), 2]) }))))
      .toMatchInlineSnapshot(`
        "inputs
          x: float32 [batch, tokens, 4]
        initializers
          constant#0: int64 [2] = -1, 4
          constant#2: int64 [1] = 0
          constant#4: int64 [1] = 1
          constant#12: int64 [2] = 0, 1
          constant#15: int64 [1] = 2
        nodes
          rows = Reshape(x, constant#0)
          Squeeze#3 = Squeeze(constant#2)
          Shape#5 = Shape(x) {start: 1, end: 2}
          Add#6 = Add(constant#4, Shape#5)
          Squeeze#7 = Squeeze(Add#6)
          Squeeze#8 = Squeeze(constant#4)
          Range#9 = Range(Squeeze#3, Squeeze#7, Squeeze#8)
          Cast#10 = Cast(Range#9) {to: 6}
          Cast#11 = Cast(Cast#10) {to: 1}
          positions = Reshape(Cast#11, constant#12)
          Shape#14 = Shape(x) {start: 0, end: 1}
          Concat#16 = Concat(Shape#14, Add#6, constant#15) {axis: 0}
          spread = Expand(positions, Concat#16)
        outputs
          rows: float32 [batch*tokens, 4]
          positions: float32 [1 + tokens, 1]
          spread: float32 [batch, 1 + tokens, 2]"
      `);
  });

  it("keep a norm, a gated unit and their gradients small", () => {
    const g = new GraphBuilder();
    const x = g.input("x", "float32", [batch, 8]);
    const [norm, gate, up] = [g.input("norm", "float32", [8]), g.input("gate", "float32", [8, 16]), g.input("up", "float32", [8, 16])];
    const y = g.scope("block", () => {
      const normed = rmsNorm(x, norm, 1e-6);
      return mul(silu(matmul(normed, gate)), matmul(normed, up));
    });
    const graph = g.finish({ loss: reduceSum(y, [0, 1]) });
    expect(printModel(lowerGraph(graph))).toMatchInlineSnapshot(`
      "inputs
        x: float32 [batch, 8]
        norm: float32 [8]
        gate: float32 [8, 16]
        up: float32 [8, 16]
      initializers
        constant#5: int64 [2] = 0, 1
      nodes
        block/SimplifiedLayerNormalization#0 = SimplifiedLayerNormalization(x, norm) {axis: -1, epsilon: 0.000001, stash_type: 1}
        block/MatMul#1 = MatMul(block/SimplifiedLayerNormalization#0, gate)
        block/QuickGelu#2 = QuickGelu(block/MatMul#1) {alpha: 1}
        block/MatMul#3 = MatMul(block/SimplifiedLayerNormalization#0, up)
        block/Mul#4 = Mul(block/QuickGelu#2, block/MatMul#3)
        loss = ReduceSum(block/Mul#4, constant#5) {keepdims: 0}
      outputs
        loss: float32 []"
    `);
    expect(printModel(lowerGraph(differentiate(graph, { losses: ["loss"], inputs: ["gate"] })))).toMatchInlineSnapshot(`
      "inputs
        x: float32 [batch, 8]
        norm: float32 [8]
        gate: float32 [8, 16]
        up: float32 [8, 16]
      initializers
        constant#5: int64 [2] = 0, 1
        constant#7: float32 [] = 1
      nodes
        block/SimplifiedLayerNormalization#0 = SimplifiedLayerNormalization(x, norm) {axis: -1, epsilon: 0.000001, stash_type: 1}
        block/MatMul#1 = MatMul(block/SimplifiedLayerNormalization#0, gate)
        block/QuickGelu#2 = QuickGelu(block/MatMul#1) {alpha: 1}
        block/MatMul#3 = MatMul(block/SimplifiedLayerNormalization#0, up)
        block/Mul#4 = Mul(block/QuickGelu#2, block/MatMul#3)
        loss = ReduceSum(block/Mul#4, constant#5) {keepdims: 0}
        block/Sigmoid#8 = Sigmoid(block/MatMul#1)
        block/Sub#9 = Sub(constant#7, block/Sigmoid#8)
        block/Mul#10 = Mul(block/QuickGelu#2, block/Sub#9)
        block/Add#11 = Add(block/Sigmoid#8, block/Mul#10)
        block/Mul#12 = Mul(block/MatMul#3, block/Add#11)
        gradient:gate = FusedMatMul(block/SimplifiedLayerNormalization#0, block/Mul#12) {transA: 1, transB: 0}
      outputs
        loss: float32 []
        gradient:gate: float32 [8, 16]"
    `);
  });

  it("take a norm's inverse length from the forward pass, once", () => {
    const g = new GraphBuilder();
    const [x, norm] = [g.input("x", "float32", [batch, 8]), g.input("norm", "float32", [8])];
    const graph = g.finish({ loss: reduceSum(mul(rmsNorm(x, norm, 1e-6), rmsNorm(x, norm, 1e-5)), [0, 1]) });
    const { node } = lowerGraph(differentiate(graph, { losses: ["loss"], inputs: ["x", "norm"] })).graph;
    const norms = node.filter(({ opType }) => opType === "SimplifiedLayerNormalization");
    expect(norms.map(({ output }) => output.length)).toEqual([2, 2]);
    expect(node.map(({ opType }) => opType)).not.toContain("Sqrt");
    for (const { output } of norms) expect(node.filter(({ input }) => input.includes(output[1] as string)).length).toBeGreaterThan(1);
  });

  it("compute an inverse length that is wanted itself, or of another epsilon", () => {
    const g = new GraphBuilder();
    const [x, norm] = [g.input("x", "float32", [batch, 8]), g.input("norm", "float32", [8])];
    const length = sqrt(add(reduceMean(square(x), [-1], true), 1e-6));
    const y = mul(rmsNorm(x, norm, 1e-6), div(1, length));
    const kinds = (outputs: Readonly<Record<string, Value>>): string[] =>
      lowerGraph(g.finish(outputs)).graph.node.map(({ opType }) => opType);
    expect(kinds({ y })).toEqual(["SimplifiedLayerNormalization", "Mul"]);
    expect(kinds({ y, length })).toContain("Sqrt");
    expect(kinds({ y: mul(rmsNorm(x, norm, 1e-5), div(1, length)) })).toContain("Div");
  });

  it("attend", () => {
    const g = new GraphBuilder();
    const heads = (name: string, count: number): Value => g.input(name, "float32", [batch, count, tokens, 4]);
    const y = attention({
      query: heads("query", 4),
      key: heads("key", 2),
      value: heads("value", 2),
      bias: g.input("bias", "float32", [tokens, tokens]),
      scale: 0.5,
    });
    expect(printModel(lowerGraph(g.finish({ y })))).toMatchInlineSnapshot(`
      "inputs
        query: float32 [batch, 4, tokens, 4]
        key: float32 [batch, 2, tokens, 4]
        value: float32 [batch, 2, tokens, 4]
        bias: float32 [tokens, tokens]
      initializers
      nodes
        y = Attention(query, key, value, bias) {scale: 0.5}
      outputs
        y: float32 [batch, 4, tokens, 4]"
    `);
  });

  it("order and scatter", () => {
    const g = new GraphBuilder();
    const [rows, x] = [g.input("rows", "int32", [tokens]), g.input("x", "float32", [tokens, 4])];
    const table = scatterAdd(rows, x, 10);
    expect(printModel(lowerGraph(g.finish({ table, late: add(after(x, table), 1) })))).toMatchInlineSnapshot(`
      "inputs
        rows: int32 [tokens]
        x: float32 [tokens, 4]
      initializers
        constant#1: int64 [1] = -1
        constant#3: float32 [] = 0
        constant#4: int64 [2] = 10, 4
        constant#8: int64 [1] = 0
        constant#13: float32 [] = 1
      nodes
        Cast#0 = Cast(rows) {to: 7}
        Unsqueeze#2 = Unsqueeze(Cast#0, constant#1)
        Expand#5 = Expand(constant#3, constant#4)
        table = ScatterND(Expand#5, Unsqueeze#2, x) {reduction: add}
        Size#7 = Size(table)
        Mul#9 = Mul(Size#7, constant#8)
        Shape#10 = Shape(x)
        Add#11 = Add(Shape#10, Mul#9)
        Reshape#12 = Reshape(x, Add#11)
        late = Add(Reshape#12, constant#13)
      outputs
        table: float32 [10, 4]
        late: float32 [tokens, 4]"
    `);
  });
});

describe("lowering refuses", () => {
  it("a symbol that no input has as an axis", () => {
    const g = new GraphBuilder();
    const x = g.input("x", "float32", [addDimensions(tokens, 1)]);
    expect(() => lowerGraph(g.finish({ y: add(x, cast(iota(g, addDimensions(tokens, 1)), "float32")) }))).toThrow(
      /needs "tokens", which is no axis of any input/,
    );
  });

  it("an input with the name of a tensor of its own", () => {
    const g = new GraphBuilder();
    const x = g.input("constant#0", "float32", [2]);
    expect(() => lowerGraph(g.finish({ y: add(x, 1) }))).toThrow(/two tensors are called "constant#0"/);
  });
});
