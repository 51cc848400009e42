import { addDimensions, divideDimensions, shapeSize, subtractDimensions, type Dimension, type Shape } from "../graph/dimension.ts";
import {
  add,
  cast,
  cos,
  dimensionValue,
  div,
  equal,
  exp,
  expand,
  gather,
  less,
  lessOrEqual,
  mul,
  neg,
  pad,
  reduceMax,
  reduceSum,
  reshape,
  rotary,
  scatterAdd,
  sin,
  slice,
  square,
  sub,
  where,
} from "../graph/operators.ts";
import type { OperationName, Reduction } from "../graph/operations.ts";
import type { Value } from "../graph/value.ts";
import { geluRule, swishRule } from "./activation-rules.ts";
import { matmulRule, transposeOnce } from "./matmul-rule.ts";
import { layerNormRule, rmsNormRule } from "./norm-rules.ts";
import type { RuleEntry } from "./rule.ts";
import { reduceToShape } from "./reduce-to-shape.ts";
import { softmaxRule } from "./softmax-rule.ts";
import { times } from "./times.ts";

/** One entry per operation; a missing one does not compile. */
export const RULES: { readonly [K in OperationName]: RuleEntry<K> } = {
  input: "none",
  constant: "none",
  external: "none",
  dimension: "none",
  iota: "none",
  neg: ({ gradient }) => [neg(gradient)],
  exp: ({ gradient, output }) => [mul(gradient, output)],
  log: ({ gradient, inputs: [x] }) => [div(gradient, x as Value)],
  sqrt: ({ gradient, output }) => [div(mul(gradient, 0.5), output)],
  tanh: ({ gradient, output }) => [mul(gradient, sub(1, square(output)))],
  sigmoid: ({ gradient, output }) => [mul(gradient, mul(output, sub(1, output)))],
  erf: ({ gradient, inputs: [x] }) => [mul(gradient, mul(exp(neg(square(x as Value))), 2 / Math.sqrt(Math.PI)))],
  sin: ({ gradient, inputs: [x] }) => [mul(gradient, cos(x as Value))],
  cos: ({ gradient, inputs: [x] }) => [neg(mul(gradient, sin(x as Value)))],
  abs: ({ gradient, inputs: [x] }) => [where(less(x as Value, 0), neg(gradient), gradient)],
  not: "none",
  cast: ({ gradient, inputs: [x] }) => [(x as Value).dtype === "float32" ? gradient : undefined],
  stopGradient: "none",
  after: ({ gradient }) => [gradient],
  add: ({ gradient, inputs: [a, b] }) => [reduceToShape(gradient, shapeOf(a)), reduceToShape(gradient, shapeOf(b))],
  sub: ({ gradient, inputs: [a, b] }) => [reduceToShape(gradient, shapeOf(a)), neg(reduceToShape(gradient, shapeOf(b)))],
  mul: ({ gradient, inputs: [a, b] }) => [
    reduceToShape(times(gradient, b as Value), shapeOf(a)),
    reduceToShape(times(gradient, a as Value), shapeOf(b)),
  ],
  div: ({ gradient, inputs: [a, b], output }) => [
    reduceToShape(div(gradient, b as Value), shapeOf(a)),
    reduceToShape(neg(div(mul(gradient, output), b as Value)), shapeOf(b)),
  ],
  maximum: ({ gradient, inputs: [a, b] }) => chosen(gradient, lessOrEqual(b as Value, a as Value), [a as Value, b as Value]),
  minimum: ({ gradient, inputs: [a, b] }) => chosen(gradient, lessOrEqual(a as Value, b as Value), [a as Value, b as Value]),
  equal: "none",
  less: "none",
  lessOrEqual: "none",
  and: "none",
  or: "none",
  where: ({ gradient, inputs: [condition, a, b] }) => [undefined, ...chosen(gradient, condition as Value, [a as Value, b as Value])],
  reduceSum: ({ gradient, inputs: [x], attributes }) => [spread(gradient, x as Value, attributes)],
  reduceMean: ({ gradient, inputs: [x], attributes }) => {
    const count = shapeSize(attributes.axes.map((axis) => shapeOf(x)[axis] as Dimension));
    const divisor = typeof count === "number" ? count : dimensionValue(gradient.builder, count);
    return [spread(div(gradient, divisor), x as Value, attributes)];
  },
  reduceMax: ({ gradient, inputs: [x], attributes }) => {
    const input = x as Value;
    const largest = cast(equal(input, reduceMax(input, attributes.axes, true)), "float32");
    const shared = div(largest, reduceSum(largest, attributes.axes, true));
    return [mul(spread(gradient, input, attributes), shared)];
  },
  softmax: softmaxRule,
  logSoftmax: ({ gradient, output }) => [sub(gradient, mul(exp(output), reduceSum(gradient, [-1], true)))],
  matmul: matmulRule,
  quantizedMatmul: "none",
  blockQuantizedMatmul: "none",
  reshape: ({ gradient, inputs: [x] }) => [reshape(gradient, shapeOf(x))],
  transpose: ({ gradient, attributes: { permutation } }) => [
    transposeOnce(
      gradient,
      permutation.map((_, axis) => permutation.indexOf(axis)),
    ),
  ],
  expand: ({ gradient, inputs: [x] }) => [reduceToShape(gradient, shapeOf(x))],
  slice: ({ gradient, inputs: [x], attributes: { axis, start, end } }) => [
    pad(gradient, axis, [start, subtractDimensions(shapeOf(x)[axis] as Dimension, end)]),
  ],
  concat: ({ gradient, inputs, attributes: { axis } }) => {
    let start: Dimension = 0;
    return inputs.map((input) => {
      const end = addDimensions(start, input.shape[axis] as Dimension);
      const piece = slice(gradient, axis, [start, end]);
      start = end;
      return piece;
    });
  },
  pad: ({ gradient, inputs: [x], attributes: { axis, before } }) => [
    slice(gradient, axis, [before, addDimensions(before, shapeOf(x)[axis] as Dimension)]),
  ],
  gather: ({ gradient, inputs: [table, indices] }) => [scatterAdd(indices as Value, gradient, shapeOf(table)[0] as Dimension), undefined],
  scatterAdd: ({ gradient, inputs: [indices] }) => [undefined, gather(gradient, indices as Value)],
  silu: (context) => swishRule(context, 1),
  gelu: geluRule,
  rmsNorm: rmsNormRule,
  layerNorm: layerNormRule,
  rotary: ({ gradient, inputs }) => rotaryRule(gradient, inputs as readonly [Value, Value, Value]),
  attention: "expand",
};

/** A rotation's transpose is the rotation back. */
function rotaryRule(gradient: Value, [x, cosines, sines]: readonly [Value, Value, Value]): readonly Value[] {
  const width = x.shape[3] as Dimension;
  const half = divideDimensions(width, 2);
  const halves = (whole: Value): readonly [Value, Value] => [slice(whole, 3, [0, half]), slice(whole, 3, [half, width])];
  const [[real, imaginary], [gradientReal, gradientImaginary]] = [halves(x), halves(gradient)];
  return [
    rotary(gradient, cosines, neg(sines)),
    reduceSum(add(mul(gradientReal, real), mul(gradientImaginary, imaginary)), [1]),
    reduceSum(sub(mul(gradientImaginary, real), mul(gradientReal, imaginary)), [1]),
  ];
}

function chosen(gradient: Value, first: Value, [a, b]: readonly [Value, Value]): readonly Value[] {
  return [reduceToShape(where(first, gradient, 0), a.shape), reduceToShape(where(first, 0, gradient), b.shape)];
}

function spread(gradient: Value, x: Value, { axes, keepDimensions }: Reduction): Value {
  const kept = x.shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
  return expand(keepDimensions ? gradient : reshape(gradient, kept), x.shape);
}

function shapeOf(value: Value | undefined): Shape {
  return (value as Value).shape;
}
