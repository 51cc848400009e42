import { expect, test } from "vitest";
import { GraphSession } from "./runtime/graph-session.ts";
import { floatTensor } from "./tensor/tensor.ts";
import { symbol } from "./graph/dimension.ts";
import { GraphBuilder, type Graph } from "./graph/graph-builder.ts";
import { add, expand, matmul, mul, reshape, transpose } from "./graph/operators.ts";
import { splitFixed } from "./graph/split-fixed.ts";

const rows = symbol("rows");

/** `x · wᵀ · 2 + w's first row, for every row of x`. */
function graph(): Graph {
  const g = new GraphBuilder();
  const [x, w, bias] = [g.input("x", "float32", [rows, 2]), g.input("w", "float32", [3, 2]), g.input("bias", "float32", [3])];
  const turned = mul(transpose(w, [1, 0]), 2);
  const y = add(matmul(x, turned), expand(reshape(add(bias, bias), [1, 3]), [rows, 3]));
  return g.finish({ y });
}

const inputs = {
  x: floatTensor([2, 2], [1, 2, 3, 4]),
  w: floatTensor([3, 2], [1, 0, 0, 1, 1, 1]),
  bias: floatTensor([3], [10, 20, 30]),
};

test("both parts, one after the other, give what the whole gives", async () => {
  const split = splitFixed(graph(), (name) => name !== "x");
  if (split === undefined) throw new Error("nothing was fixed");
  expect([...split.fixed.inputs.keys()]).toEqual(["w", "bias"]);
  expect([...split.rest.inputs.keys()]).toEqual(["x", ...split.fixed.outputs.keys()]);
  await using whole = await GraphSession.create(graph());
  await using fixed = await GraphSession.create(split.fixed);
  await using rest = await GraphSession.create(split.rest);
  const { w, bias } = inputs;
  const prepared = await fixed.run({ w, bias });
  expect(await rest.run({ x: inputs.x, ...prepared })).toEqual(await whole.run(inputs));
});

test("what takes a number from the other inputs stays in the rest, and so do fixed inputs that it reads", () => {
  const split = splitFixed(graph(), (name) => name === "w");
  expect([...(split?.fixed.inputs.keys() ?? [])]).toEqual(["w"]);
  expect([...(split?.rest.inputs.keys() ?? [])]).toContain("bias");
  expect(split?.rest.values.some(({ operation }) => operation === "expand")).toBe(true);
  expect(split?.rest.values.some(({ operation }) => operation === "transpose")).toBe(false);
});

test("a fixed output is the fixed part's", () => {
  const g = new GraphBuilder();
  const [x, w] = [g.input("x", "float32", [rows]), g.input("w", "float32", [1])];
  const doubled = add(w, w);
  const split = splitFixed(g.finish({ y: mul(x, doubled), doubled }), (name) => name === "w");
  expect(split?.fixed.outputs.size).toBe(1);
  expect(split?.rest.outputs.get("doubled")?.operation).toBe("input");
});

test("nothing to part off", () => {
  expect(splitFixed(graph(), (name) => name === "x")).toBeUndefined();
  expect(splitFixed(graph(), () => false)).toBeUndefined();
});
