import { expect, test } from "vitest";
import { symbol } from "../../engine/graph/dimension.ts";
import { GraphBuilder } from "../../engine/graph/graph-builder.ts";
import { add, exp, matmul, mul, reduceSum, reshape, softmax } from "../../engine/graph/operators.ts";
import { graphMemory } from "./graph-memory.ts";

const rows = symbol("rows");

test("a chain in place holds one value; inputs, weights and outputs are not counted", () => {
  const g = new GraphBuilder();
  const x = g.input("x", "float32", [rows, 8]);
  const y = softmax(exp(exp(x)));
  // two exponentials in one value of 4 x 8 numbers; softmax is the output
  expect(graphMemory(g.finish({ y }), { rows: 4 })).toEqual({ traffic: { cached: 3 * 2 * 128, main: 0 }, peak: 128, operations: 3 });
});

test("a value lives to its last use", () => {
  const g = new GraphBuilder();
  const x = g.input("x", "float32", [rows, 8]);
  const first = exp(x); // held until the sum
  const second = softmax(first);
  const product = matmul(second, g.input("w", "float32", [8, 16])); // 16 columns: twice the bytes
  const sum = reduceSum(product, [1], true);
  const y = add(mul(first, sum), x); // the product in the place of `first`, the sum is the output
  const bytes = 4 * 4 * 8;
  expect(graphMemory(g.finish({ y }), { rows: 4 })).toEqual({
    peak: bytes + bytes + 2 * bytes,
    // exp, softmax, the sum's reading and writing, the product, the last sum
    traffic: { cached: 2 * bytes + 2 * bytes + (2 * bytes + 16) + (2 * bytes + 16) + 3 * bytes, main: 0 },
    operations: 6,
  });
});

test("a reshaped value lies where it was; what no output needs costs nothing", () => {
  const g = new GraphBuilder();
  const x = g.input("x", "float32", [rows, 8]);
  const flat = reshape(exp(x), [rows, 2, 4]);
  exp(flat);
  const y = reduceSum(flat, [0, 1, 2]);
  expect(graphMemory(g.finish({ y }), { rows: 4 })).toEqual({ traffic: { cached: 2 * 128 + 128 + 4, main: 0 }, peak: 128, operations: 2 });
});

test("what is too large for a cache goes through the main memory", () => {
  const g = new GraphBuilder();
  const x = g.input("x", "float32", [rows, 1024]);
  const y = exp(x);
  const cost = (count: number): unknown => graphMemory(g.finish({ y }), { rows: count }).traffic;
  expect(cost(1024)).toEqual({ cached: 2 * 4 * 1024 ** 2, main: 0 });
  expect(cost(4096)).toEqual({ cached: 0, main: 2 * 4 * 4 * 1024 ** 2 });
});
