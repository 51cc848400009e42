import { describe, expect, it } from "vitest";
import { thrownBy } from "../../../test/support/thrown-by.ts";
import { GraphError, present } from "../../errors/families.ts";
import { GraphBuilder, type Graph } from "./graph-builder.ts";
import { exp, matmul, mul, reduceSum } from "./operators.ts";
import type { Value } from "./value.ts";
import { verifyGraph } from "./verify.ts";

function smallGraph(): Graph {
  const g = new GraphBuilder();
  const x = g.input("x", "float32", [2, 3]);
  const product = g.scope("layers.0", () =>
    g.scope("projection", () => matmul(x, g.external("w", [3, 4], { file: "w", byteOffset: 0, byteLength: 48 }))),
  );
  return g.finish({ y: exp(product), loss: reduceSum(mul(product, 2), [0, 1]) });
}

function withValues(graph: Graph, change: (values: readonly Value[]) => readonly Value[]): Graph {
  return { ...graph, values: change(graph.values) };
}

const change = (values: readonly Value[], operation: string, facts: Partial<Value>): readonly Value[] =>
  values.map((value) => (value.operation === operation ? ({ ...value, ...facts } as Value) : value));

describe("verifyGraph", () => {
  it("takes what the builder makes", () => {
    expect(() => verifyGraph(smallGraph(), "building")).not.toThrow();
  });

  it.each<readonly [string, (graph: Graph) => Graph, RegExp]>([
    ["a value before its inputs", (graph) => withValues(graph, (values) => [...values].reverse()), /not among the values before it/],
    ["a value listed twice", (graph) => withValues(graph, (values) => [...values, ...values]), /listed twice/],
    [
      "a wrong shape",
      (graph) =>
        withValues(graph, (values) =>
          change(
            values.filter(({ operation }) => ["input", "external", "matmul"].includes(operation)),
            "matmul",
            { shape: [2, 5] },
          ),
        ),
      /its operation gives float32 \[2, 4\]/,
    ],
    ["an input that is not declared", (graph) => ({ ...graph, inputs: new Map() }), /no input of the graph/],
    [
      "an input by another name",
      (graph) => ({ ...graph, inputs: new Map([["z", present(graph.inputs.get("x"), "x")]]) }),
      /calls itself "x"/,
    ],
    ["an output that is not computed", (graph) => ({ ...graph, outputs: smallGraph().outputs }), /"y" is not computed by the graph/],
    ["a foreign value", (graph) => withValues(graph, (values) => [...smallGraph().values.slice(0, 1), ...values]), /another builder/],
    [
      "an output called as an input",
      (graph) => ({ ...graph, outputs: new Map([["x", present(graph.outputs.get("y"), "y")]]) }),
      /has the name of an input/,
    ],
  ])("refuses %s", (_, spoil, message) => {
    expect(() => verifyGraph(spoil(smallGraph()), "a test")).toThrow(message);
  });

  it("tells the operations that led there", async () => {
    const graph = smallGraph();
    const product = present(
      graph.values.find(({ operation }) => operation === "matmul"),
      "the product",
    );
    const broken = withValues(graph, (values) => values.filter((value) => value.operation !== "external"));
    const error = (await thrownBy(() => verifyGraph(broken, "a test"))) as GraphError;
    expect(error).toBeInstanceOf(GraphError);
    expect(error.message).toContain(`after a test: layers.0/projection: matmul %${product.id} float32 [2, 4]`);
    expect(error.details["trace"]).toEqual([
      `layers.0/projection: matmul %${product.id} float32 [2, 4]`,
      'input "x" %0 float32 [2, 3]',
      'layers.0/projection: external "w" %1 float32 [3, 4]',
    ]);
  });

  it("refuses two external tensors of one name as the graph is finished", () => {
    const g = new GraphBuilder();
    const data = { file: "w", byteOffset: 0, byteLength: 4 };
    const y = mul(g.external("w", [1], data), g.external("w", [1], data));
    expect(() => g.finish({ y })).toThrow(/the name "w" is taken/);
  });
});

describe("finish", () => {
  it("drops what the outputs do not need", () => {
    const g = new GraphBuilder();
    const [x, unused] = [g.input("x", "float32", [2]), g.input("unused", "float32", [2])];
    mul(x, unused);
    const graph = g.finish({ y: exp(x) });
    expect([...graph.inputs.keys()]).toEqual(["x"]);
    expect(graph.values.map(({ operation }) => operation)).toEqual(["input", "exp"]);
  });

  it("refuses a second input of the same name", () => {
    const g = new GraphBuilder();
    g.input("x", "float32", [2]);
    expect(() => g.input("x", "float32", [3])).toThrow(GraphError);
  });
});
