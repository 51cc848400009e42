import { expect, test } from "vitest";
import { floatTensor } from "../engine/tensor/tensor.ts";
import type { NamedTensors } from "./optimizer/optimizer.ts";
import { GradientSum } from "./gradient-sum.ts";

const gradients = (entries: Readonly<Record<string, readonly number[]>>): NamedTensors =>
  new Map(Object.entries(entries).map(([name, values]) => [name, floatTensor([values.length], values)]));
const plain = (tensors: NamedTensors): Record<string, number[]> =>
  Object.fromEntries([...tensors].map(([name, { data }]) => [name, [...data]]));

test("weighs and adds what has a gradient, and begins anew after each sum", () => {
  const sum = new GradientSum();
  sum.add(gradients({ a: [1, 2], b: [3] }));
  sum.add(gradients({ a: [10, 20] }), 0.5);
  expect(plain(sum.take(2))).toEqual({ a: [12, 24], b: [6] });
  sum.add(gradients({ b: [1] }));
  expect(plain(sum.take())).toEqual({ b: [1] });
  expect(plain(sum.take())).toEqual({});
});
