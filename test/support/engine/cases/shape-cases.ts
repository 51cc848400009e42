import { addDimensions, multiplyDimensions, subtractDimensions, symbol } from "../../../../src/engine/graph/dimension.ts";
import { add, concat, expand, gather, mul, pad, reshape, scatterAdd, slice, transpose } from "../../../../src/engine/graph/operators.ts";
import type { Value } from "../../../../src/engine/graph/value.ts";
import { booleans, integers, normal, type Cases } from "../operation-case.ts";

const [batch, tokens] = [symbol("batch"), symbol("tokens")];
const bindings = { batch: 3, tokens: 5 };
const both = multiplyDimensions(batch, tokens);

export const SHAPE_CASES: Readonly<
  Record<"reshape" | "transpose" | "expand" | "slice" | "concat" | "pad" | "gather" | "scatterAdd", Cases>
> = {
  reshape: [
    { title: "numbers", inputs: [normal(4, 3)], build: (x: Value) => reshape(x, [2, 1, 6]) },
    { title: "to a scalar", inputs: [normal(1, 1)], build: (x: Value) => reshape(x, []) },
    { title: "from a scalar", inputs: [normal()], build: (x: Value) => reshape(x, [1, 1, 1]) },
    { title: "merging symbols", inputs: [normal(batch, tokens, 4)], bindings, build: (x: Value) => reshape(x, [both, 4]) },
    {
      title: "splitting symbols that moved",
      inputs: [normal(batch, tokens, 6), normal(both, 6)],
      bindings,
      build: (x: Value, y: Value) => mul(reshape(y, [batch, tokens, 2, 3]), reshape(x, [batch, tokens, 2, 3])),
    },
    {
      title: "two symbols at new places",
      inputs: [normal(batch, 2, tokens)],
      bindings,
      build: (x: Value) => reshape(x, [2, batch, tokens]),
    },
    { title: "integers", inputs: [integers(9, 2, 3)], build: (x: Value) => reshape(x, [6]) },
  ],
  transpose: [
    { title: "a matrix", inputs: [normal(3, 5)], build: (x: Value) => transpose(x, [1, 0]) },
    { title: "heads to the front", inputs: [normal(batch, tokens, 2, 4)], bindings, build: (x: Value) => transpose(x, [0, 2, 1, 3]) },
    { title: "a cycle", inputs: [normal(2, 3, 5)], build: (x: Value) => transpose(x, [2, 0, 1]) },
    { title: "all axes turned round", inputs: [normal(2, 3, 1, 5)], build: (x: Value) => transpose(x, [3, 2, 1, 0]) },
    { title: "booleans", inputs: [booleans(2, 3)], build: (x: Value) => transpose(x, [1, 0]) },
  ],
  expand: [
    { title: "axes of length 1", inputs: [normal(3, 1, 2, 1)], build: (x: Value) => expand(x, [3, 4, 2, 5]) },
    { title: "leading axes", inputs: [normal(3)], build: (x: Value) => expand(x, [2, 4, 3]) },
    { title: "a scalar", inputs: [normal()], build: (x: Value) => expand(x, [2, 3]) },
    { title: "symbolic", inputs: [normal(1, 2), integers(2, batch, tokens)], bindings, build: (x: Value) => expand(x, [batch, tokens, 2]) },
  ],
  slice: [
    { title: "the start", inputs: [normal(5, 3)], build: (x: Value) => slice(x, 0, [0, 2]) },
    { title: "the end of the last axis", inputs: [normal(2, 3, 5)], build: (x: Value) => slice(x, -1, [2, 5]) },
    { title: "one of the middle", inputs: [normal(2, 3, 5)], build: (x: Value) => slice(x, 1, [1, 2]) },
    { title: "nothing", inputs: [normal(2, 3)], build: (x: Value) => slice(x, 1, [1, 1]) },
    {
      title: "the last token",
      inputs: [normal(batch, tokens, 2)],
      bindings,
      build: (x: Value) => slice(x, 1, [subtractDimensions(tokens, 1), tokens]),
    },
    { title: "integers", inputs: [integers(9, 6)], build: (x: Value) => slice(x, 0, [1, 4]) },
  ],
  concat: [
    { title: "two", inputs: [normal(2, 3), normal(2, 5)], build: (a: Value, b: Value) => concat([a, b], 1) },
    {
      title: "three along the first axis",
      inputs: [normal(1, 3), normal(2, 3), normal(4, 3)],
      build: (...all: readonly Value[]) => concat(all, 0),
    },
    { title: "one value twice", inputs: [normal(2, 3)], build: (a: Value) => concat([a, a], -1) },
    {
      title: "a prefix before symbolic tokens",
      inputs: [normal(batch, 2, 4, 3), normal(batch, 2, tokens, 3)],
      bindings,
      build: (a: Value, b: Value) => concat([a, b], 2),
    },
    { title: "integers", inputs: [integers(9, 2), integers(9, 3)], build: (a: Value, b: Value) => concat([a, b], 0) },
  ],
  pad: [
    { title: "both sides", inputs: [normal(3, 5)], build: (x: Value) => pad(x, 1, [2, 1]) },
    { title: "the first axis", inputs: [normal(3, 5)], build: (x: Value) => pad(x, 0, [0, 4]) },
    {
      title: "symbolic",
      inputs: [normal(batch, 2), integers(2, tokens)],
      bindings,
      build: (x: Value) => pad(x, 0, [tokens, addDimensions(tokens, 1)]),
    },
  ],
  gather: [
    { title: "rows of a matrix", inputs: [normal(4, 3), integers(4, 5)], build: gather },
    { title: "a matrix of rows", inputs: [normal(4, 3), integers(4, 2, 3)], build: gather },
    { title: "elements of a vector", inputs: [normal(4), integers(4, 5)], build: gather },
    { title: "one row", inputs: [normal(4, 2, 3), integers(4)], build: gather },
    { title: "symbolic", inputs: [normal(both, 2), integers(15, batch, tokens)], bindings, build: gather },
    { title: "integers", inputs: [integers(9, 4, 3), integers(4, 5)], build: (table: Value, rows: Value) => gather(table, rows) },
  ],
  scatterAdd: [
    {
      title: "rows of a matrix, some twice",
      inputs: [integers(4, 9), normal(9, 3)],
      build: (rows: Value, x: Value) => scatterAdd(rows, x, 4),
    },
    { title: "a matrix of rows", inputs: [integers(4, 2, 3), normal(2, 3, 5)], build: (rows: Value, x: Value) => scatterAdd(rows, x, 4) },
    { title: "elements", inputs: [integers(4, 7), normal(7)], build: (rows: Value, x: Value) => scatterAdd(rows, x, 4) },
    {
      title: "symbolic",
      inputs: [integers(3, batch, tokens), normal(batch, tokens, 2)],
      bindings,
      build: (rows: Value, x: Value) => scatterAdd(rows, add(x, 1), multiplyDimensions(2, batch)),
    },
  ],
};
