import { symbol } from "../../../../src/engine/graph/dimension.ts";
import type { BinaryName, ComparisonName, UnaryName } from "../../../../src/engine/graph/operations.ts";
import {
  abs,
  add,
  after,
  and,
  cast,
  cos,
  div,
  equal,
  erf,
  exp,
  less,
  lessOrEqual,
  log,
  maximum,
  minimum,
  mul,
  neg,
  not,
  or,
  sigmoid,
  sin,
  sqrt,
  sub,
  tanh,
  where,
  type Operand,
} from "../../../../src/engine/graph/operators.ts";
import type { Value } from "../../../../src/engine/graph/value.ts";
import { booleans, integers, normal, positive, whole, type CaseInput, type Cases } from "../operation-case.ts";

const [batch, tokens] = [symbol("batch"), symbol("tokens")];
const bindings = { batch: 3, tokens: 5 };

type Draw = (...shape: CaseInput["shape"]) => CaseInput;

function unaryCases(build: (x: Value) => Value, draw: Draw = normal): Cases {
  return [
    { title: "a scalar", inputs: [draw()], build },
    { title: "odd sizes", inputs: [draw(3, 1, 7)], build },
    { title: "17 numbers, more than a vector register", inputs: [draw(17)], build },
    { title: "symbolic", inputs: [draw(batch, 2, tokens)], bindings, build },
  ];
}

function binaryCases(operation: (a: Operand, b: Operand) => Value, [left, right]: readonly [Draw, Draw] = [normal, normal]): Cases {
  const build = (a: Value, b: Value): Value => operation(a, b);
  return [
    { title: "equal shapes", inputs: [left(3, 5), right(3, 5)], build },
    { title: "scalars", inputs: [left(), right()], build },
    { title: "a scalar right", inputs: [left(2, 3), right()], build },
    { title: "a scalar left", inputs: [left(), right(2, 3)], build },
    { title: "a row", inputs: [left(4, 3), right(3)], build },
    { title: "a column", inputs: [left(4, 1), right(4, 3)], build },
    { title: "both sides broadcast", inputs: [left(3, 1, 5), right(2, 1)], build },
    { title: "symbolic, broadcast", inputs: [left(batch, 1, tokens), right(2, 1)], bindings, build },
    { title: "one operand twice", inputs: [left(2, 3)], build: (a: Value) => operation(a, a) },
    { title: "a number left", inputs: [right(2, 3)], build: (a: Value) => operation(1.5, a) },
  ];
}

function logicalCases(build: (a: Value, b: Value) => Value): Cases {
  return [
    { title: "equal shapes", inputs: [booleans(3, 5), booleans(3, 5)], build },
    { title: "both sides broadcast", inputs: [booleans(3, 1, 5), booleans(2, 1)], build },
  ];
}

const someEqual: Draw = (...shape) => whole(3, ...shape);
const compared: readonly [Draw, Draw] = [someEqual, someEqual];

type Elementwise = UnaryName | BinaryName | ComparisonName | "and" | "or" | "not" | "where" | "cast" | "after";

export const ELEMENTWISE_CASES: Readonly<Record<Elementwise, Cases>> = {
  neg: unaryCases(neg),
  exp: unaryCases(exp),
  log: unaryCases(log, positive),
  sqrt: unaryCases(sqrt, positive),
  tanh: unaryCases(tanh),
  sigmoid: unaryCases(sigmoid),
  erf: unaryCases(erf),
  sin: unaryCases(sin),
  cos: unaryCases(cos),
  abs: unaryCases(abs),
  add: binaryCases(add),
  sub: binaryCases(sub),
  mul: binaryCases(mul),
  div: binaryCases(div, [normal, positive]),
  maximum: binaryCases(maximum).filter(({ title }) => title !== "one operand twice") as unknown as Cases,
  minimum: binaryCases(minimum).filter(({ title }) => title !== "one operand twice") as unknown as Cases,
  equal: binaryCases(equal, compared),
  less: binaryCases(less, compared),
  lessOrEqual: binaryCases(lessOrEqual, compared),
  and: logicalCases(and),
  or: logicalCases(or),
  not: [{ title: "odd sizes", inputs: [booleans(3, 1, 7)], build: not }],
  where: [
    { title: "equal shapes", inputs: [booleans(3, 5), normal(3, 5), normal(3, 5)], build: where },
    { title: "all broadcast", inputs: [booleans(3, 1, 1), normal(2, 1), normal(5)], build: where },
    { title: "symbolic", inputs: [booleans(batch, 1), normal(tokens), normal(batch, tokens)], bindings, build: where },
    { title: "numbers", inputs: [booleans(3), normal(2, 3)], build: (bits: Value, a: Value) => where(bits, a, -2) },
    { title: "integers", inputs: [booleans(3), integers(9, 2, 3), integers(9, 3)], build: where },
  ],
  cast: [
    { title: "int32 to float32", inputs: [integers(9, 2, 3)], build: (x: Value) => cast(x, "float32") },
    { title: "bool to float32", inputs: [booleans(2, 3)], build: (x: Value) => cast(x, "float32") },
    { title: "float32 to int32 towards zero", inputs: [normal(4, 5)], build: (x: Value) => cast(x, "int32") },
    { title: "float32 to bool", inputs: [whole(2, 4, 5)], build: (x: Value) => cast(x, "bool") },
    { title: "int32 to int64", inputs: [integers(9, 5)], build: (x: Value) => cast(x, "int64") },
  ],
  after: [
    { title: "a matrix after a scalar", inputs: [normal(2, 3), normal()], build: (x: Value, y: Value) => add(after(x, y), mul(y, y)) },
    { title: "a scalar after a matrix", inputs: [normal(), normal(2, 3)], build: (x: Value, y: Value) => add(after(x, y), y) },
    {
      title: "symbolic",
      inputs: [normal(batch, 2), normal(tokens)],
      bindings,
      build: (x: Value, y: Value) => mul(after(x, y), reduced(y)),
    },
  ],
};

function reduced(y: Value): Value {
  return y.builder.emit("reduceSum", [y], { axes: [0], keepDimensions: false });
}
