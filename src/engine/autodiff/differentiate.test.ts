import { describe, expect, it } from "vitest";
import { present } from "../../errors/families.ts";
import { symbol } from "../graph/dimension.ts";
import { GraphBuilder, type Graph } from "../graph/graph-builder.ts";
import {
  abs,
  add,
  exp,
  gather,
  matmul,
  maximum,
  mul,
  reduceMax,
  reduceSum,
  rmsNorm,
  silu,
  square,
  stopGradient,
  sub,
} from "../graph/operators.ts";
import { evaluateGraph } from "../graph/reference/evaluate.ts";
import type { Value } from "../graph/value.ts";
import { floatTensor, intTensor, scalar, type FloatTensor, type Tensor } from "../tensor/tensor.ts";
import { differentiate } from "./differentiate.ts";

function gradients(graph: Graph, inputs: readonly string[], feeds: Readonly<Record<string, Tensor>>): Record<string, number[]> {
  const results = evaluateGraph(differentiate(graph, { losses: ["loss"], inputs }), feeds);
  return Object.fromEntries(inputs.map((name) => [name, Array.from((results[`gradient:${name}`] as FloatTensor).data)]));
}

describe("gradients worked out by hand", () => {
  it("add up over all ways a value is used", () => {
    const g = new GraphBuilder();
    const x = g.input("x", "float32", []);
    // x² + 3x + x·x² has the derivative 2x + 3 + 3x²
    const loss = add(add(square(x), mul(x, 3)), mul(x, square(x)));
    expect(gradients(g.finish({ loss }), ["x"], { x: scalar(2) })).toEqual({ x: [4 + 3 + 12] });
  });

  it("are shared among equal maxima", () => {
    const g = new GraphBuilder();
    const x = g.input("x", "float32", [4]);
    expect(gradients(g.finish({ loss: reduceMax(x, [0]) }), ["x"], { x: floatTensor([4], [3, 1, 3, 3]) })["x"]).toEqual(
      [1 / 3, 0, 1 / 3, 1 / 3].map(Math.fround),
    );
  });

  it("go to the first of two equal operands of maximum, and are 1 for abs at 0", () => {
    const g = new GraphBuilder();
    const [x, y] = [g.input("x", "float32", [2]), g.input("y", "float32", [2])];
    const graph = g.finish({ loss: reduceSum(add(maximum(x, y), abs(sub(y, y))), [0]) });
    const feeds = { x: floatTensor([2], [1, 5]), y: floatTensor([2], [1, 7]) };
    expect(gradients(graph, ["x", "y"], feeds)).toEqual({ x: [1, 0], y: [0, 1] });
  });

  it("do not pass stopGradient", () => {
    const g = new GraphBuilder();
    const x = g.input("x", "float32", []);
    expect(gradients(g.finish({ loss: mul(x, stopGradient(exp(x))) }), ["x"], { x: scalar(1) })["x"]).toEqual([Math.fround(Math.E)]);
  });

  it("of a table's rows add up where a row is read twice", () => {
    const g = new GraphBuilder();
    const rows = gather(g.input("table", "float32", [3, 2]), g.input("ids", "int32", [symbol("count")]));
    const feeds = { table: floatTensor([3, 2], [1, 2, 3, 4, 5, 6]), ids: intTensor([3], [2, 0, 2]) };
    expect(gradients(g.finish({ loss: reduceSum(rows, [0, 1]) }), ["table"], feeds)["table"]).toEqual([1, 1, 0, 0, 2, 2]);
  });
});

/** Two layers and a loss; `recompute` marks each as a region. */
function layered({ recompute }: { recompute: boolean }): Graph {
  const g = new GraphBuilder();
  const x = g.input("x", "float32", [symbol("batch"), 4]);
  const layer = (hidden: Value, index: number): Value => {
    const make = (): Value => {
      const [norm, w] = [g.input(`norm${index}`, "float32", [4]), g.input(`w${index}`, "float32", [4, 4])];
      return add(hidden, silu(matmul(rmsNorm(hidden, norm, 1e-6), w)));
    };
    return g.scope(`layers.${index}`, () => (recompute ? g.recompute(make) : make()));
  };
  const y = layer(layer(layer(x, 0), 1), 2);
  return g.finish({ y, loss: reduceSum(square(y), [0, 1]) });
}

const LAYERED_INPUTS = ["w0", "w1", "w2", "norm1", "x"];

function layeredFeeds(): Record<string, Tensor> {
  const numbers = (count: number, seed: number): number[] => Array.from({ length: count }, (_, at) => Math.sin(at * 1.7 + seed));
  const matrices = [0, 1, 2].flatMap((index) => [
    [`w${index}`, floatTensor([4, 4], numbers(16, index))] as const,
    [
      `norm${index}`,
      floatTensor(
        [4],
        numbers(4, index + 5).map((number) => 1 + number / 3),
      ),
    ] as const,
  ]);
  return { x: floatTensor([3, 4], numbers(12, 9)), ...Object.fromEntries(matrices) };
}

describe("seeds", () => {
  it("that are the loss's own gradient give the same gradients as the loss", () => {
    const graph = layered({ recompute: false });
    const feeds = layeredFeeds();
    const direct = evaluateGraph(differentiate(graph, { losses: ["loss"], inputs: LAYERED_INPUTS }), feeds);
    const y = direct["y"] as FloatTensor;
    const seed = floatTensor(y.shape, y.data.map((number) => 2 * number)); // prettier-ignore
    const seeded = evaluateGraph(differentiate(graph, { seeds: { y: "seed:y" }, inputs: LAYERED_INPUTS }), { ...feeds, "seed:y": seed });
    for (const name of LAYERED_INPUTS) {
      const [a, b] = [direct, seeded].map((results) => [...(results[`gradient:${name}`] as FloatTensor).data]) as [number[], number[]];
      a.forEach((number, at) => expect(b[at]).toBeCloseTo(number, 4));
    }
  });
});

describe("recomputation", () => {
  const [plain, marked] = [false, true].map((recompute) =>
    differentiate(layered({ recompute }), { losses: ["loss"], inputs: LAYERED_INPUTS }),
  ) as [Graph, Graph];

  it("gives equal gradients", () => {
    const feeds = layeredFeeds();
    expect(evaluateGraph(marked, feeds)).toEqual(evaluateGraph(plain, feeds));
  });

  it("keeps nothing of a region but what leaves it for the backward pass", () => {
    const users = new Map<Value, Value[]>();
    for (const value of marked.values) for (const input of value.inputs) users.set(input, [...(users.get(input) ?? []), value]);
    const inside = marked.values.filter(({ region, inputs }) => region !== undefined && inputs.length > 0);
    const leaving = inside.filter((value) => (users.get(value) ?? []).some((user) => user.region !== value.region));
    expect(inside.length).toBeGreaterThan(10);
    expect(leaving.map(({ operation, scope }) => `${scope} ${operation}`)).toEqual(["layers.0 add", "layers.1 add", "layers.2 add"]);
  });

  it("waits for the gradient of the region's end", () => {
    const waiting = new Set<Value>();
    for (const value of marked.values) {
      if (value.operation === "after" || value.inputs.some((input) => waiting.has(input))) waiting.add(value);
    }
    const norms = marked.values.filter(({ operation, region }) => operation === "rmsNorm" && region === undefined);
    expect(norms.map(({ scope }) => scope)).toEqual(["layers.2", "layers.1", "layers.0"]);
    expect(norms.every((norm) => waiting.has(norm))).toBe(true);
  });
});

describe("what is differentiated", () => {
  it("expands composite operations only where a gradient passes", () => {
    const g = new GraphBuilder();
    const [x, weight, w] = [g.input("x", "float32", [2, 4]), g.input("norm", "float32", [4]), g.input("w", "float32", [4, 4])];
    const frozen = rmsNorm(x, weight, 1e-6);
    const graph = g.finish({ loss: reduceSum(rmsNorm(matmul(frozen, w), weight, 1e-6), [0, 1]) });
    const norms = (inputs: readonly string[]): number =>
      differentiate(graph, { losses: ["loss"], inputs }).values.filter(({ operation }) => operation === "rmsNorm").length;
    expect(norms(["w"])).toBeGreaterThanOrEqual(1);
  });

  it.each<readonly [string, Parameters<typeof differentiate>[1], RegExp]>([
    ["an input that is not there", { losses: ["loss"], inputs: ["nothing"] }, /no input "nothing"; it has x/],
    ["an output that is not there", { losses: ["nothing"], inputs: ["x"] }, /no output "nothing"; it has y, loss/],
    ["a loss that is no scalar", { losses: ["y"], inputs: ["x"] }, /"y" has 2 axes; a loss must be a scalar/],
  ])("refuses %s", (_, options, message) => {
    expect(() => differentiate(layered({ recompute: false }), options)).toThrow(message);
  });

  it("refuses an input that the loss does not depend on", () => {
    const g = new GraphBuilder();
    const [x, y] = [g.input("x", "float32", []), g.input("y", "float32", [])];
    const graph = g.finish({ loss: square(x), other: square(y) });
    expect(() => differentiate(graph, { losses: ["loss"], inputs: ["y"] })).toThrow(/no gradient reaches the input "y"/);
    expect(present(graph.inputs.get("y"), "y").dtype).toBe("float32");
  });
});
