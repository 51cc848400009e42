import { describe, expect, it } from "vitest";
import { symbol, type Dimension } from "../graph/dimension.ts";
import { GraphBuilder, type Graph } from "../graph/graph-builder.ts";
import { mul, reduceSum, slice } from "../graph/operators.ts";
import type { OperationName } from "../graph/operations.ts";
import { evaluateGraph } from "../graph/reference/evaluate.ts";
import { floatTensor, type FloatTensor } from "../tensor/tensor.ts";
import { differentiate } from "./differentiate.ts";

const tokens = symbol("tokens");

/** Slices of x along its last axis, each weighted with another number. */
function sliced(length: Dimension, bounds: readonly (readonly [Dimension, Dimension])[]): Graph {
  const g = new GraphBuilder();
  const x = g.input("x", "float32", [2, length]);
  const sums = bounds.map((bound, at) => reduceSum(mul(slice(x, 1, bound), at + 1), [0, 1]));
  return g.finish({ loss: sums.reduce((a, b) => mul(a, b)) });
}

function backward(graph: Graph): { readonly operations: OperationName[]; readonly gradient: number[] } {
  const differentiated = differentiate(graph, { losses: ["loss"], inputs: ["x"] });
  const x = floatTensor([2, 6], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  const gradient = evaluateGraph(differentiated, { x })["gradient:x"] as FloatTensor;
  return { operations: differentiated.values.map(({ operation }) => operation), gradient: [...gradient.data] };
}

describe("gradients of slices", () => {
  it.each<readonly [string, readonly (readonly [number, number])[]]>([
    ["in order", [[0, 2], [2, 3], [3, 6]]], // prettier-ignore
    ["in any order", [[2, 3], [3, 6], [0, 2]]], // prettier-ignore
  ])("that fill the whole, %s, are concatenated", (_, bounds) => {
    const { operations, gradient } = backward(sliced(6, bounds));
    expect(operations).toContain("concat");
    expect(operations).not.toContain("pad");
    const sums = bounds.map(([start, end], at) => (at + 1) * [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12].filter((_, index) => index % 6 >= start && index % 6 < end).reduce((a, b) => a + b, 0)); // prettier-ignore
    const product = sums.reduce((a, b) => a * b, 1);
    const expected = Array.from({ length: 12 }, (_, index) => {
      const at = bounds.findIndex(([start, end]) => index % 6 >= start && index % 6 < end);
      return Math.fround((product / (sums[at] as number)) * (at + 1));
    });
    expect(gradient).toEqual(expected);
  });

  it("that overlap or leave gaps are padded and added", () => {
    const { operations, gradient } = backward(sliced(6, [[0, 2], [1, 3]])); // prettier-ignore
    expect(operations.filter((operation) => operation === "pad")).toHaveLength(2);
    const [first, second] = [1 + 2 + 7 + 8, 2 * (2 + 3 + 8 + 9)];
    expect(gradient.slice(0, 6)).toEqual([second, second + 2 * first, 2 * first, 0, 0, 0]);
  });

  it("that touch at a symbol are joined", () => {
    const g = new GraphBuilder();
    const x = g.input("x", "float32", [tokens]);
    const split = { rest: slice(x, 0, [1, tokens]), first: slice(x, 0, [0, 1]) };
    const graph = g.finish({ loss: mul(reduceSum(split.first, [0]), reduceSum(split.rest, [0])) });
    const differentiated = differentiate(graph, { losses: ["loss"], inputs: ["x"] });
    expect(differentiated.values.map(({ operation }) => operation)).not.toContain("pad");
    expect(evaluateGraph(differentiated, { x: floatTensor([4], [2, 3, 4, 5]) })["gradient:x"]).toEqual(floatTensor([4], [12, 2, 2, 2]));
  });
});
