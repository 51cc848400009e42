import { symbol } from "../../../../src/engine/graph/dimension.ts";
import { logSoftmax, reduceMax, reduceMean, reduceSum, softmax } from "../../../../src/engine/graph/operators.ts";
import type { Value } from "../../../../src/engine/graph/value.ts";
import { normal, type Cases } from "../operation-case.ts";

const [batch, tokens] = [symbol("batch"), symbol("tokens")];
const bindings = { batch: 3, tokens: 5 };

type Reduce = (x: Value, axes: readonly number[], keepDimensions?: boolean) => Value;

function reductionCases(reduce: Reduce): Cases {
  return [
    { title: "the last axis", inputs: [normal(3, 7)], build: (x: Value) => reduce(x, [-1]) },
    { title: "the last axis, kept", inputs: [normal(2, 3, 5)], build: (x: Value) => reduce(x, [-1], true) },
    { title: "the first axis", inputs: [normal(3, 7)], build: (x: Value) => reduce(x, [0]) },
    { title: "a middle axis, kept", inputs: [normal(2, 3, 5)], build: (x: Value) => reduce(x, [1], true) },
    { title: "two axes apart", inputs: [normal(2, 3, 5, 2)], build: (x: Value) => reduce(x, [0, 2]) },
    { title: "all axes", inputs: [normal(3, 5)], build: (x: Value) => reduce(x, [0, 1]) },
    { title: "no axis", inputs: [normal(3, 5)], build: (x: Value) => reduce(x, []) },
    { title: "an axis of length 1", inputs: [normal(3, 1, 2)], build: (x: Value) => reduce(x, [1]) },
    { title: "symbolic axes", inputs: [normal(batch, tokens, 2)], bindings, build: (x: Value) => reduce(x, [0, 1]) },
    { title: "a symbolic axis, kept", inputs: [normal(batch, tokens)], bindings, build: (x: Value) => reduce(x, [1], true) },
  ];
}

function rowCases(build: (x: Value) => Value): Cases {
  return [
    { title: "one row", inputs: [normal(7)], build },
    { title: "four axes", inputs: [normal(2, 3, 1, 5)], build },
    { title: "rows of one number", inputs: [normal(3, 1)], build },
    { title: "rows of 33 numbers", inputs: [normal(2, 33)], build },
    { title: "symbolic", inputs: [normal(batch, 2, tokens)], bindings, build },
  ];
}

export const REDUCTION_CASES: Readonly<Record<"reduceSum" | "reduceMean" | "reduceMax" | "softmax" | "logSoftmax", Cases>> = {
  reduceSum: reductionCases(reduceSum),
  reduceMean: reductionCases(reduceMean),
  reduceMax: reductionCases(reduceMax),
  softmax: rowCases(softmax),
  logSoftmax: rowCases(logSoftmax),
};
