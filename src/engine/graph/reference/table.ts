import { invariant, present } from "../../../errors/families.ts";
import { sizeOf, type ElementType } from "../../tensor/tensor.ts";
import { evaluateDimension, type Bindings } from "../dimension.ts";
import type { BinaryName, ComparisonName, OperationAttributes, OperationName, UnaryName } from "../operations.ts";
import { attentionReference, geluReference, layerNormReference, rmsNormReference, rotaryReference } from "./composites.ts";
import { at, denseOf, tabulate, withAxis, type Dense } from "./dense.ts";
import { BINARY, mapReference, UNARY, zipReference } from "./elementwise.ts";
import { externalReference } from "./external.ts";
import { matmulReference } from "./matmul.ts";
import { blockQuantizedMatmulReference, quantizedMatmulReference } from "./quantized-matmul.ts";
import { reduceReference, softmaxReference } from "./reductions.ts";

/** What a reference implementation sees: concrete inputs, attributes, and the output's shape and symbols as numbers. */
export interface ReferenceContext<K extends OperationName> {
  readonly inputs: readonly Dense[];
  readonly attributes: OperationAttributes[K];
  readonly shape: readonly number[];
  readonly dtype: ElementType;
  readonly bindings: Bindings;
}

/** Computes an operation by plain loops in double precision. @returns the output's elements, row-major. */
export type Reference<K extends OperationName> = (context: ReferenceContext<K>) => Float64Array;

type Plain = Pick<ReferenceContext<OperationName>, "inputs" | "shape">;

const unary =
  (name: UnaryName) =>
  ({ inputs: [x] }: Plain): Float64Array =>
    mapReference(some(x), UNARY[name]);
const binary =
  (name: BinaryName | ComparisonName | "and" | "or") =>
  ({ inputs: [a, b], shape }: Plain): Float64Array =>
    zipReference(shape, [some(a), some(b)], BINARY[name]);
const same = ({ inputs: [x] }: Plain): Float64Array => some(x).data;

/** One entry per operation; a missing one does not compile. */
export const REFERENCE: { readonly [K in OperationName]: Reference<K> } = {
  input: () => {
    invariant(false, "an input is given, not computed");
  },
  constant: ({ attributes: { tensor } }) => denseOf(tensor).data,
  external: ({ attributes: { data } }) => externalReference(data),
  dimension: ({ attributes: { dimension }, bindings }) => Float64Array.of(evaluateDimension(dimension, bindings)),
  iota: ({ shape }) => tabulate(shape, ([position]) => position as number),
  neg: unary("neg"),
  exp: unary("exp"),
  log: unary("log"),
  sqrt: unary("sqrt"),
  tanh: unary("tanh"),
  sigmoid: unary("sigmoid"),
  erf: unary("erf"),
  sin: unary("sin"),
  cos: unary("cos"),
  abs: unary("abs"),
  not: ({ inputs: [x] }) => mapReference(some(x), (bit) => 1 - bit),
  cast: ({ inputs: [x], attributes: { dtype } }) => {
    switch (dtype) {
      case "float32":
      case "float16": // rounded as every value of its type
      case "bfloat16":
        return some(x).data;
      case "int8":
      case "uint8":
      case "int32":
      case "int64":
        return mapReference(some(x), Math.trunc);
      case "bool":
        return mapReference(some(x), (number) => Number(number !== 0));
    }
  },
  stopGradient: same,
  after: same,
  add: binary("add"),
  sub: binary("sub"),
  mul: ({ inputs: [a, b], shape, dtype }) => zipReference(shape, [some(a), some(b)], dtype === "int32" ? Math.imul : BINARY.mul),
  div: binary("div"),
  maximum: binary("maximum"),
  minimum: binary("minimum"),
  equal: binary("equal"),
  less: binary("less"),
  lessOrEqual: binary("lessOrEqual"),
  and: binary("and"),
  or: binary("or"),
  where: ({ inputs: [condition, a, b], shape }) =>
    tabulate(shape, (index) => (at(some(condition), index) === 0 ? at(some(b), index) : at(some(a), index))),
  reduceSum: ({ inputs: [x], attributes }) => reduceReference(some(x), attributes, (sum, element) => sum + element, 0),
  reduceMean: ({ inputs: [x], attributes, shape }) => {
    const count = sizeOf(some(x).shape) / sizeOf(shape);
    return reduceReference(some(x), attributes, (sum, element) => sum + element / count, 0);
  },
  reduceMax: ({ inputs: [x], attributes }) => reduceReference(some(x), attributes, Math.max, -Infinity),
  softmax: ({ inputs: [x] }) => softmaxReference(some(x)),
  logSoftmax: ({ inputs: [x] }) => softmaxReference(some(x)).map(Math.log),
  blockQuantizedMatmul: ({ inputs: [x, values, scales], attributes, shape }) =>
    blockQuantizedMatmulReference(shape, { x: some(x), values: some(values), scales: some(scales) }, attributes),
  quantizedMatmul: ({ inputs: [x, values, scales], shape }) =>
    quantizedMatmulReference(shape, { x: some(x), values: some(values), scales: some(scales) }),
  matmul: ({ inputs: [a, b], attributes, shape }) => matmulReference(shape, [some(a), some(b)], attributes),
  reshape: same,
  transpose: ({ inputs: [x], attributes: { permutation }, shape }) =>
    tabulate(shape, (index) =>
      at(
        some(x),
        permutation.map((_, axis) => index[permutation.indexOf(axis)] as number),
      ),
    ),
  expand: ({ inputs: [x], shape }) => tabulate(shape, (index) => at(some(x), index)),
  slice: ({ inputs: [x], attributes: { axis, start }, shape, bindings }) => {
    const first = evaluateDimension(start, bindings);
    return tabulate(shape, (index) => element(some(x), withAxis(index, axis, first + (index[axis] as number))));
  },
  concat: ({ inputs, attributes: { axis }, shape }) =>
    tabulate(shape, (index) => {
      let position = index[axis] as number;
      const part = inputs.find(({ shape }) => {
        const length = shape[axis] as number;
        if (position < length) return true;
        position -= length;
        return false;
      });
      return element(some(part), withAxis(index, axis, position));
    }),
  pad: ({ inputs: [x], attributes: { axis, before }, shape, bindings }) => {
    const first = evaluateDimension(before, bindings);
    return tabulate(shape, (index) => {
      const position = (index[axis] as number) - first;
      const inside = position >= 0 && position < (some(x).shape[axis] as number);
      return inside ? element(some(x), withAxis(index, axis, position)) : 0;
    });
  },
  gather: ({ inputs: [table, indices], shape }) => {
    const rank = some(indices).shape.length;
    return tabulate(shape, (index) => element(some(table), [element(some(indices), index.slice(0, rank)), ...index.slice(rank)]));
  },
  scatterAdd: ({ inputs: [indices, updates], shape }) => {
    const rowSize = sizeOf(shape.slice(1));
    const table = new Float64Array(sizeOf(shape));
    some(indices).data.forEach((row, position) => {
      invariant(row >= 0 && row < (shape[0] as number), "a scattered row lies outside the table");
      for (let column = 0; column < rowSize; column++) {
        const target = row * rowSize + column;
        table[target] = (table[target] as number) + (some(updates).data[position * rowSize + column] as number);
      }
    });
    return table;
  },
  silu: ({ inputs: [x] }) => mapReference(some(x), (number) => number * UNARY.sigmoid(number)),
  gelu: ({ inputs: [x], attributes: { approximation } }) => mapReference(some(x), (number) => geluReference(number, approximation)),
  rmsNorm: ({ inputs: [x, weight], attributes: { epsilon } }) => rmsNormReference(some(x), some(weight), epsilon),
  layerNorm: ({ inputs: [x, weight, bias], attributes: { epsilon } }) =>
    layerNormReference(some(x), { weight: some(weight), bias: some(bias), epsilon }),
  rotary: ({ inputs: [x, cosines, sines] }) => rotaryReference(some(x), some(cosines), some(sines)),
  attention: ({ inputs: [query, key, value, bias], attributes: { scale } }) =>
    attentionReference({ query: some(query), key: some(key), value: some(value), bias, scale }),
};

/** The element at an index that must lie inside: axes of length 1 are not broadcast. */
function element(x: Dense, index: readonly number[]): number {
  invariant(
    index.every((position, axis) => position >= 0 && position < (x.shape[axis] as number)),
    `[${index.join(", ")}] lies outside [${x.shape.join(", ")}]`,
  );
  return at(x, index);
}

function some(input: Dense | undefined): Dense {
  return present(input, "an input of the operation");
}
