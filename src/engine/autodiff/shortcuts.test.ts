import { expect, test } from "vitest";
import { expectClose } from "../../../test/support/engine/expect-close.ts";
import { numericGradient } from "../../../test/support/engine/numeric-gradient.ts";
import { present } from "../../errors/families.ts";
import { RandomStream } from "../../random/random-stream.ts";
import { evaluateShape, symbol, type Dimension } from "../graph/dimension.ts";
import { GraphBuilder, type Graph } from "../graph/graph-builder.ts";
import { attention, matmul, mul, reduceMean, reduceSum, rmsNorm, softmax } from "../graph/operators.ts";
import type { OperationName } from "../graph/operations.ts";
import type { Dense } from "../graph/reference/dense.ts";
import { evaluateDense } from "../graph/reference/evaluate.ts";
import type { Value } from "../graph/value.ts";
import { differentiate, gradientName } from "./differentiate.ts";

const TOLERANCE = 1e-7;
const SIZES = { tokens: 5, keys: 6 };

/** Random numbers for every input. */
function feedsOf(graph: Graph): Record<string, Dense> {
  const random = new RandomStream(0, "shortcuts");
  const feed = (value: Value): Dense => {
    const shape = evaluateShape(value.shape, SIZES);
    return { shape, data: Float64Array.from({ length: shape.reduce((product, length) => product * length, 1) }, () => random.normal()) };
  };
  return Object.fromEntries([...graph.inputs].map(([name, value]) => [name, feed(value)]));
}

/** All gradients beside central differences. @returns the differentiated graph. */
function checked(graph: Graph): Graph {
  const feeds = feedsOf(graph);
  const inputs = [...graph.inputs.keys()];
  const backward = differentiate(graph, { losses: ["loss"], inputs });
  const results = evaluateDense(backward, feeds);
  for (const name of inputs) expectClose(present(results[gradientName(name)], name), numericGradient(graph, feeds, name), TOLERANCE);
  return backward;
}

function count({ values }: Graph, operation: OperationName): number {
  return values.filter((value) => value.operation === operation).length;
}

const [tokens, keys] = [symbol("tokens"), symbol("keys")];

/** Attention of 4 heads on 2, weighed by a target. */
function attentionGraph(recompute: boolean): Graph {
  const g = new GraphBuilder();
  const [query, key, value] = [
    g.input("query", "float32", [2, 4, tokens, 3]),
    g.input("key", "float32", [2, 2, keys, 3]),
    g.input("value", "float32", [2, 2, keys, 3]),
  ];
  const target = g.input("target", "float32", [2, 4, tokens, 3]);
  const make = (): Value => attention({ query, key, value, scale: 0.5 });
  return g.finish({ loss: reduceSum(mul(recompute ? g.recompute(make) : make(), target), [0, 1, 2, 3]) });
}

/** Lengths of the last axes that are summed up and kept. */
function summedWidths({ values }: Graph): (Dimension | undefined)[] {
  const sums = values.filter(({ operation, shape }) => operation === "reduceSum" && shape.at(-1) === 1);
  return sums.map(({ inputs }) => inputs[0]?.shape.at(-1));
}

test.each([false, true])("attention sums over a head's width, recomputed: %s", (recompute) => {
  const backward = checked(attentionGraph(recompute));
  expect(summedWidths(backward)).toEqual([recompute ? keys : 3]);
});

test("weights that are used twice, or as they are, or on a head as wide as the sequence, are summed as they are", () => {
  for (const width of [3, 8]) {
    const g = new GraphBuilder();
    const [x, value] = [g.input("x", "float32", [tokens, 4]), g.input("value", "float32", [4, width])];
    const weights = softmax(x);
    const mixed = reduceSum(matmul(weights, value), [1]);
    const twice = checked(g.finish({ loss: reduceSum(mul(mixed, reduceSum(mul(weights, x), [1])), [0]) }));
    const once = checked(g.finish({ loss: reduceSum(mul(mixed, mixed), [0]) }));
    expect([summedWidths(twice), summedWidths(once)]).toEqual([[4], [width === 3 ? 3 : 4]]);
  }
});

test("a mean's gradient is not spread out before it is multiplied, a sum's not multiplied at all", () => {
  const g = new GraphBuilder();
  const [x, y] = [g.input("x", "float32", [tokens, 4]), g.input("y", "float32", [tokens, 4])];
  const mean = checked(g.finish({ loss: reduceMean(mul(x, y), [0, 1]) }));
  const sum = checked(g.finish({ loss: reduceSum(mul(x, y), [0, 1]) }));
  expect([count(mean, "expand"), count(mean, "mul")]).toEqual([0, 3]);
  expect([count(sum, "expand"), count(sum, "mul")]).toEqual([0, 1]);
});

test("a norm whose weight is not trained is passed in seven steps", () => {
  const g = new GraphBuilder();
  const [x, weight, target] = [
    g.input("x", "float32", [tokens, 4]),
    g.input("weight", "float32", [4]),
    g.input("target", "float32", [tokens, 4]),
  ];
  const graph = g.finish({ loss: reduceSum(mul(rmsNorm(x, weight, 1e-6), target), [0, 1]) });
  checked(graph);
  const backward = differentiate(graph, { losses: ["loss"], inputs: ["x"] });
  const whole = backward.values.filter(({ shape, inputs }) => inputs.length > 1 && shape.length === 2 && shape[1] === 4);
  // the target's product; x², h, h·x, x·.., h - .., ..·r; the norm itself
  expect(whole).toHaveLength(8);
});
