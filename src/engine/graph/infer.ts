import { ShapeError } from "../../errors/families.ts";
import { isHalf, type ElementType } from "../tensor/tensor.ts";
import {
  addDimensions,
  dimensionKey,
  formatShape,
  sameDimension,
  sameShape,
  shapeSize,
  subtractDimensions,
  type Dimension,
  type Shape,
} from "./dimension.ts";
import type { BinaryName, ComparisonName, OperationAttributes, OperationName, Reduction, UnaryName } from "./operations.ts";

/** What is known of a value before it is computed. */
export interface Signature {
  readonly dtype: ElementType;
  readonly shape: Shape;
}

type Inference<K extends OperationName> = (inputs: readonly Signature[], attributes: OperationAttributes[K]) => Signature;

/** Shape and type of an operation's output. @throws {ShapeError} if the inputs do not fit the operation. */
export function inferSignature<K extends OperationName>(
  operation: K,
  inputs: readonly Signature[],
  attributes: OperationAttributes[K],
): Signature {
  return INFERENCE[operation](inputs, attributes);
}

/** Shape of the elementwise combination of two shapes (NumPy's rule; symbols match only themselves and 1). */
export function broadcastShapes(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) =>
    broadcastDimension(a[axis - rank + a.length] ?? 1, b[axis - rank + b.length] ?? 1, [a, b]),
  );
}

function broadcastDimension(a: Dimension, b: Dimension, shapes: readonly [Shape, Shape]): Dimension {
  if (sameDimension(a, b) || b === 1) return a;
  if (a === 1) return b;
  return reject(`shapes ${formatShape(shapes[0])} and ${formatShape(shapes[1])} do not broadcast`);
}

const unary = ([x]: readonly Signature[]): Signature => float(x);
const binary = ([a, b]: readonly Signature[]): Signature => {
  const [left, right] = [defined(a), defined(b)];
  if (left.dtype !== right.dtype || left.dtype === "bool")
    return reject(`got operands of ${left.dtype} and ${right.dtype}, expected two of one number type`);
  return { dtype: left.dtype, shape: broadcastShapes(left.shape, right.shape) };
};
const comparison = (inputs: readonly Signature[]): Signature => ({ ...binary(inputs), dtype: "bool" });
const logical = ([a, b]: readonly Signature[]): Signature => ({
  dtype: "bool",
  shape: broadcastShapes(typed(a, "bool").shape, typed(b, "bool").shape),
});
const reduction = ([x]: readonly Signature[], { axes, keepDimensions }: Reduction): Signature => {
  const { dtype, shape } = float(x);
  if (axes.some((axis) => axis < 0 || axis >= shape.length))
    return reject(`cannot reduce axes [${axes.join(", ")}] of ${formatShape(shape)}`);
  const kept = shape.map((dimension, axis) => (axes.includes(axis) ? 1 : dimension));
  return { dtype, shape: keepDimensions ? kept : kept.filter((_, axis) => !axes.includes(axis)) };
};
const same = ([x]: readonly Signature[]): Signature => defined(x);

const INFERENCE: { readonly [K in OperationName]: Inference<K> } = {
  input: () => reject("inputs are declared, not inferred"),
  constant: (_, { tensor }) => ({ dtype: tensor.dtype, shape: tensor.shape }),
  external: () => reject("external tensors are declared, not inferred"),
  dimension: (_, { dtype }) => ({ dtype, shape: [] }),
  iota: (_, { length }) => ({ dtype: "int32", shape: [length] }),
  ...(Object.fromEntries(
    (["neg", "exp", "log", "sqrt", "tanh", "sigmoid", "erf", "sin", "cos", "abs"] as const).map((name) => [name, unary]),
  ) as unknown as Record<UnaryName, typeof unary>),
  ...(Object.fromEntries((["add", "sub", "mul", "div", "maximum", "minimum"] as const).map((name) => [name, binary])) as unknown as Record<
    BinaryName,
    typeof binary
  >),
  ...(Object.fromEntries((["equal", "less", "lessOrEqual"] as const).map((name) => [name, comparison])) as unknown as Record<
    ComparisonName,
    typeof comparison
  >),
  not: ([x]) => typed(x, "bool"),
  and: logical,
  or: logical,
  cast: ([x], { dtype }) => ({ dtype, shape: defined(x).shape }),
  stopGradient: same,
  after: same,
  where: ([condition, a, b]) => {
    const values = binary([defined(a), defined(b)]);
    return { dtype: values.dtype, shape: broadcastShapes(typed(condition, "bool").shape, values.shape) };
  },
  reduceSum: reduction,
  reduceMean: reduction,
  reduceMax: reduction,
  softmax: unary,
  logSoftmax: unary,
  matmul: ([a, b], { transposeA, transposeB }) => {
    const left = matrix(float(a).shape, transposeA);
    const right = matrix(float(b).shape, transposeB);
    if (!sameDimension(left.columns, right.rows)) {
      return reject(
        `matmul of ${formatShape(float(a).shape)}${transposeA ? "ᵀ" : ""} and ${formatShape(float(b).shape)}${transposeB ? "ᵀ" : ""}: inner lengths differ`,
      );
    }
    return { dtype: sameType([a, b]), shape: [...broadcastShapes(left.batch, right.batch), left.rows, right.columns] };
  },
  quantizedMatmul: ([x, values, scales]) => {
    const left = float(x).shape;
    const right = matrix(typed(values, "int8").shape, false);
    const fits = right.batch.length === 0 && sameDimension(axisOf(left, left.length - 1), right.rows);
    if (!fits || !sameShape(float(scales).shape, [right.columns])) {
      const [a, b, c] = [left, defined(values).shape, defined(scales).shape].map(formatShape);
      return reject(`quantizedMatmul of ${a}, ${b} and scales ${c}: expected [.., K], [K, N] and [N]`);
    }
    return { dtype: "float32", shape: [...left.slice(0, -1), right.columns] };
  },
  blockQuantizedMatmul: ([x, values, scales], { inner, blockSize }) => {
    const left = float(x).shape;
    const stored = typed(values, "uint8").shape;
    const blocks = Math.ceil(inner / blockSize);
    const [columns] = stored;
    const fits = columns !== undefined && sameDimension(axisOf(left, left.length - 1), inner);
    if (!fits || !sameShape(stored, [columns, blocks, blockSize / 2]) || !sameShape(float(scales).shape, [columns, blocks])) {
      const [a, b, c] = [left, stored, defined(scales).shape].map(formatShape);
      return reject(
        `blockQuantizedMatmul of ${a}, ${b} and scales ${c}: expected [.., ${inner}], [N, ${blocks}, ${blockSize / 2}] and [N, ${blocks}]`,
      );
    }
    return { dtype: "float32", shape: [...left.slice(0, -1), columns] };
  },
  reshape: ([x], { shape }) => {
    const source = defined(x);
    if (!sameDimension(shapeSize(source.shape), shapeSize(shape))) {
      return reject(`cannot reshape ${formatShape(source.shape)} to ${formatShape(shape)}: the sizes differ`);
    }
    return { dtype: source.dtype, shape };
  },
  transpose: ([x], { permutation }) => {
    const { dtype, shape } = defined(x);
    const valid = permutation.length === shape.length && [...permutation].sort((a, b) => a - b).every((axis, at) => axis === at);
    if (!valid) return reject(`[${permutation.join(", ")}] is no permutation of the axes of ${formatShape(shape)}`);
    return { dtype, shape: permutation.map((axis) => shape[axis] as Dimension) };
  },
  expand: ([x], { shape }) => {
    const source = defined(x);
    if (!sameShape(broadcastShapes(source.shape, shape), shape)) {
      return reject(`cannot expand ${formatShape(source.shape)} to ${formatShape(shape)}`);
    }
    return { dtype: source.dtype, shape };
  },
  slice: ([x], { axis, start, end }) => {
    const { dtype, shape } = defined(x);
    const length = subtractDimensions(end, start);
    const whole = axisOf(shape, axis);
    const fits = [start, end, length, whole].every((value) => typeof value === "number")
      ? (start as number) >= 0 && (length as number) >= 0 && (end as number) <= (whole as number)
      : true;
    if (!fits) return reject(`cannot take ${dimensionKey(start)}..${dimensionKey(end)} of axis ${axis} of ${formatShape(shape)}`);
    return { dtype, shape: replaceAxis(shape, axis, length) };
  },
  concat: (inputs, { axis }) => {
    const [first, ...others] = inputs.map(defined);
    const { dtype, shape } = defined(first);
    for (const other of others) {
      if (other.dtype === dtype && sameShape(replaceAxis(other.shape, axis, 1), replaceAxis(shape, axis, 1))) continue;
      return reject(`cannot concatenate ${other.dtype} ${formatShape(other.shape)} to ${dtype} ${formatShape(shape)} along axis ${axis}`);
    }
    return { dtype, shape: replaceAxis(shape, axis, addDimensions(...inputs.map((input) => axisOf(input.shape, axis)))) };
  },
  pad: ([x], { axis, before, after }) => {
    const { dtype, shape } = defined(x);
    return { dtype, shape: replaceAxis(shape, axis, addDimensions(before, axisOf(shape, axis), after)) };
  },
  gather: ([table, indices]) => {
    const source = defined(table);
    if (source.shape.length === 0) return reject("cannot gather rows of a scalar");
    return { dtype: source.dtype, shape: [...typed(indices, "int32").shape, ...source.shape.slice(1)] };
  },
  scatterAdd: ([indices, updates], { rows }) => {
    const at = typed(indices, "int32").shape;
    const { dtype, shape } = float(updates);
    if (!sameShape(at, shape.slice(0, at.length))) {
      return reject(`updates ${formatShape(shape)} must begin with the shape of the indices ${formatShape(at)}`);
    }
    return { dtype, shape: [rows, ...shape.slice(at.length)] };
  },
  silu: unary,
  gelu: unary,
  rmsNorm: ([x, weight]) => normalised(float(x), [float(weight)]),
  layerNorm: ([x, weight, bias]) => normalised(float(x), [float(weight), float(bias)]),
  rotary: ([x, cos, sin]) => {
    const { shape } = float(x);
    const dtype = sameType([x, cos, sin]);
    const [batch, , tokens, width] = shape;
    const expected = [batch, tokens, typeof width === "number" ? width / 2 : 0] as Shape;
    if (shape.length !== 4 || !sameShape(float(cos).shape, expected) || !sameShape(float(sin).shape, expected)) {
      return reject(
        `rotary needs x [batch, heads, tokens, width] and cos, sin [batch, tokens, width / 2]; got ${formatShape(shape)}, ${formatShape(float(cos).shape)}, ${formatShape(float(sin).shape)}`,
      );
    }
    return { dtype, shape };
  },
  attention: (inputs) => inferAttention(inputs),
};

function inferAttention([q, k, v, bias]: readonly Signature[]): Signature {
  const [query, key, value] = [float(q).shape, float(k).shape, float(v).shape];
  const heads = [axisOf(query, 1), axisOf(key, 1)];
  const fits =
    [query, key, value].every((shape) => shape.length === 4) &&
    sameShape(key.slice(0, 3), value.slice(0, 3)) &&
    sameDimension(axisOf(query, 0), axisOf(key, 0)) &&
    sameDimension(axisOf(query, 3), axisOf(key, 3)) &&
    typeof heads[0] === "number" &&
    typeof heads[1] === "number" &&
    heads[0] % heads[1] === 0;
  if (!fits) {
    return reject(
      `attention needs q [batch, heads, tokens, width], k and v [batch, keyValueHeads, keys, width]; got ${[query, key, value].map(formatShape).join(", ")}`,
    );
  }
  const output: Shape = [axisOf(query, 0), axisOf(query, 1), axisOf(query, 2), axisOf(value, 3)];
  if (bias !== undefined) {
    const scores: Shape = [axisOf(query, 0), axisOf(query, 1), axisOf(query, 2), axisOf(key, 2)];
    if (!sameShape(broadcastShapes(float(bias).shape, scores), scores)) {
      return reject(`attention bias ${formatShape(bias.shape)} does not broadcast to the scores ${formatShape(scores)}`);
    }
  }
  return { dtype: sameType([q, k, v, ...(bias === undefined ? [] : [bias])]), shape: output };
}

function normalised(x: Signature, parameters: readonly Signature[]): Signature {
  const width = axisOf(x.shape, x.shape.length - 1);
  sameType([x, ...parameters]);
  for (const { shape } of parameters) {
    if (!sameShape(shape, [width]))
      return reject(`a norm over ${formatShape(x.shape)} needs parameters [${dimensionKey(width)}], got ${formatShape(shape)}`);
  }
  return x;
}

function matrix(shape: Shape, transposed: boolean): { batch: Shape; rows: Dimension; columns: Dimension } {
  if (shape.length < 2) return reject(`matmul needs two axes or more, got ${formatShape(shape)}`);
  const [rows, columns] = [axisOf(shape, shape.length - 2), axisOf(shape, shape.length - 1)];
  const batch = shape.slice(0, -2);
  return transposed ? { batch, rows: columns, columns: rows } : { batch, rows, columns };
}

function replaceAxis(shape: Shape, axis: number, dimension: Dimension): Shape {
  axisOf(shape, axis);
  return shape.map((length, at) => (at === axis ? dimension : length));
}

function axisOf(shape: Shape, axis: number): Dimension {
  return shape[axis] ?? reject(`${formatShape(shape)} has no axis ${axis}`);
}

/** A value of floats, of 32 bits or of 16. */
function float(signature: Signature | undefined): Signature {
  const found = defined(signature);
  return isHalf(found.dtype) ? found : typed(found, "float32");
}

/** The type of floats that all have. */
function sameType(signatures: readonly (Signature | undefined)[]): ElementType {
  const [first, ...others] = signatures.map((signature) => float(signature).dtype);
  const other = others.find((dtype) => dtype !== first);
  return other === undefined && first !== undefined ? first : reject(`got operands of ${first} and ${other}, expected one type of floats`);
}

function typed(signature: Signature | undefined, dtype: ElementType): Signature {
  const found = defined(signature);
  return found.dtype === dtype ? found : reject(`got ${found.dtype} ${formatShape(found.shape)}, expected ${dtype}`);
}

function defined(signature: Signature | undefined): Signature {
  return signature ?? reject("an input is missing");
}

function reject(message: string): never {
  throw new ShapeError({ message });
}
