import { invariant } from "../../errors/families.ts";
import type { ElementType } from "../tensor/tensor.ts";
import { dimensionKey, multiplyDimensions, sameShape, type Dimension, type Shape } from "./dimension.ts";
import type { BinaryName, ComparisonName, OperationAttributes, Reduction, UnaryName } from "./operations.ts";
import type { Value, ValueBuilder } from "./value.ts";

/** A value, or a number that becomes a float32 scalar. */
export type Operand = Value | number;

const unary = (name: UnaryName) => (x: Value) => x.builder.emit(name, [x], {});
const binary = (name: BinaryName | ComparisonName) => (a: Operand, b: Operand) => {
  const builder = builderOf(a, b);
  return builder.emit(name, [valueOf(a, builder), valueOf(b, builder)], {});
};

export const neg: (x: Value) => Value = unary("neg");
export const exp: (x: Value) => Value = unary("exp");
/** Natural logarithm. */
export const log: (x: Value) => Value = unary("log");
export const sqrt: (x: Value) => Value = unary("sqrt");
export const tanh: (x: Value) => Value = unary("tanh");
/** Logistic function. */
export const sigmoid: (x: Value) => Value = unary("sigmoid");
/** Gauss error function. */
export const erf: (x: Value) => Value = unary("erf");
export const sin: (x: Value) => Value = unary("sin");
export const cos: (x: Value) => Value = unary("cos");
export const abs: (x: Value) => Value = unary("abs");
export const add: (a: Operand, b: Operand) => Value = binary("add");
export const sub: (a: Operand, b: Operand) => Value = binary("sub");
export const mul: (a: Operand, b: Operand) => Value = binary("mul");
export const div: (a: Operand, b: Operand) => Value = binary("div");
export const maximum: (a: Operand, b: Operand) => Value = binary("maximum");
export const minimum: (a: Operand, b: Operand) => Value = binary("minimum");
export const equal: (a: Operand, b: Operand) => Value = binary("equal");
export const less: (a: Operand, b: Operand) => Value = binary("less");
export const lessOrEqual: (a: Operand, b: Operand) => Value = binary("lessOrEqual");

export function square(x: Value): Value {
  return mul(x, x);
}

export function not(x: Value): Value {
  return x.builder.emit("not", [x], {});
}

export function and(a: Value, b: Value): Value {
  return a.builder.emit("and", [a, b], {});
}

export function or(a: Value, b: Value): Value {
  return a.builder.emit("or", [a, b], {});
}

/** `condition ? a : b`, broadcasting. */
export function where(condition: Value, a: Operand, b: Operand): Value {
  const { builder } = condition;
  return builder.emit("where", [condition, valueOf(a, builder), valueOf(b, builder)], {});
}

export function cast(x: Value, dtype: ElementType): Value {
  return x.dtype === dtype ? x : x.builder.emit("cast", [x], { dtype });
}

/** The value itself, through which no gradient passes. */
export function stopGradient(x: Value): Value {
  return x.builder.emit("stopGradient", [x], {});
}

/** `x`, taken only after all `dependencies` are computed. */
export function after(x: Value, ...dependencies: readonly Value[]): Value {
  return dependencies.length === 0 ? x : x.builder.emit("after", [x, ...dependencies], {});
}

/** Sum over axes (negative ones count from the end). */
export function reduceSum(x: Value, axes: readonly number[], keepDimensions = false): Value {
  return x.builder.emit("reduceSum", [x], reduction(x, axes, keepDimensions));
}

/** Arithmetic mean over axes. */
export function reduceMean(x: Value, axes: readonly number[], keepDimensions = false): Value {
  return x.builder.emit("reduceMean", [x], reduction(x, axes, keepDimensions));
}

/** Maximum over axes; where several are equal the gradient is shared among them. */
export function reduceMax(x: Value, axes: readonly number[], keepDimensions = false): Value {
  return x.builder.emit("reduceMax", [x], reduction(x, axes, keepDimensions));
}

/** Over the last axis. */
export function softmax(x: Value): Value {
  return x.builder.emit("softmax", [x], {});
}

/** Over the last axis. */
export function logSoftmax(x: Value): Value {
  return x.builder.emit("logSoftmax", [x], {});
}

/** Which operands of a matrix product are taken transposed (their last two axes). */
/** `x [.., K] float32` by `values [K, N] int8`, column j scaled by `scales [N]`: `[.., N]` float32. See `OperationAttributes.quantizedMatmul`. */
export function quantizedMatmul(x: Value, values: Value, scales: Value): Value {
  return x.builder.emit("quantizedMatmul", [x, values, scales], {});
}

/** `x [.., inner] float32` by 4-bit numbers: `[.., N]` float32. See `OperationAttributes.blockQuantizedMatmul`. */
export function blockQuantizedMatmul(
  x: Value,
  { values, scales }: { readonly values: Value; readonly scales: Value },
  sizes: OperationAttributes["blockQuantizedMatmul"],
): Value {
  return x.builder.emit("blockQuantizedMatmul", [x, values, scales], sizes);
}

export type MatmulOptions = Partial<OperationAttributes["matmul"]>;

/** Matrix product over the last two axes; leading axes broadcast. `[.., M, K] x [.., K, N] -> [.., M, N]`. */
export function matmul(a: Value, b: Value, { transposeA = false, transposeB = false }: MatmulOptions = {}): Value {
  return a.builder.emit("matmul", [a, b], { transposeA, transposeB });
}

export function reshape(x: Value, shape: Shape): Value {
  return sameShape(x.shape, shape) ? x : x.builder.emit("reshape", [x], { shape });
}

export function transpose(x: Value, permutation: readonly number[]): Value {
  return permutation.every((axis, at) => axis === at) ? x : x.builder.emit("transpose", [x], { permutation });
}

/** Repeats axes of length 1 (and adds leading ones) up to `shape`. */
export function expand(x: Value, shape: Shape): Value {
  return sameShape(x.shape, shape) ? x : x.builder.emit("expand", [x], { shape });
}

/** Elements `start .. end - 1` of an axis. */
export function slice(x: Value, axis: number, [start, end]: readonly [Dimension, Dimension]): Value {
  return x.builder.emit("slice", [x], { axis: positive(axis, x.shape.length), start, end });
}

export function concat(values: readonly Value[], axis: number): Value {
  const [first] = values;
  invariant(first !== undefined, "concat of nothing");
  return values.length === 1 ? first : first.builder.emit("concat", values, { axis: positive(axis, first.shape.length) });
}

/** Zeros before and after along an axis. */
export function pad(x: Value, axis: number, [before, afterwards]: readonly [Dimension, Dimension]): Value {
  if (before === 0 && afterwards === 0) return x;
  return x.builder.emit("pad", [x], { axis: positive(axis, x.shape.length), before, after: afterwards });
}

/** Rows of a table: `table [R, ...], indices [..] int32 -> [.., ...]`. */
export function gather(table: Value, indices: Value): Value {
  return table.builder.emit("gather", [table, indices], {});
}

/** Adds `updates [.., ...]` at rows `indices [..]` of a zero table `[rows, ...]`. */
export function scatterAdd(indices: Value, updates: Value, rows: Dimension): Value {
  return indices.builder.emit("scatterAdd", [indices, updates], { rows });
}

/** A dimension's length as a scalar. */
export function dimensionValue(builder: ValueBuilder, dimension: Dimension, dtype: "float32" | "int32" = "float32"): Value {
  return builder.emit("dimension", [], { dimension, dtype });
}

/** `[0, 1, ..., length - 1]` int32. */
export function iota(builder: ValueBuilder, length: Dimension): Value {
  return builder.emit("iota", [], { length });
}

/** `x * sigmoid(x)` */
export function silu(x: Value): Value {
  return x.builder.emit("silu", [x], {});
}

/** Gaussian error linear unit; `quick` is `x * sigmoid(1.702 x)`. */
export function gelu(x: Value, approximation: "erf" | "tanh" | "quick" = "erf"): Value {
  return x.builder.emit("gelu", [x], { approximation });
}

/** `x / sqrt(mean(x²) + epsilon) * weight` over the last axis. @source Zhang and Sennrich 2019. */
export function rmsNorm(x: Value, weight: Value, epsilon: number): Value {
  return x.builder.emit("rmsNorm", [x, weight], { epsilon });
}

/** `(x - mean) / sqrt(variance + epsilon) * weight + bias` over the last axis. @source Ba et al. 2016. */
export function layerNorm(x: Value, parameters: { readonly weight: Value; readonly bias: Value; readonly epsilon: number }): Value {
  return x.builder.emit("layerNorm", [x, parameters.weight, parameters.bias], { epsilon: parameters.epsilon });
}

/**
 * Rotary position embedding, halves rotated against each other: `x [B, H, T, W]`, `cos` and `sin` `[B, T, W/2]`.
 * @source Su et al. 2021; the half-split layout of GPT-NeoX and Llama.
 */
export function rotary(x: Value, cosines: Value, sines: Value): Value {
  return x.builder.emit("rotary", [x, cosines, sines], {});
}

/** Inputs of {@link attention}. */
export interface AttentionInputs {
  /** [B, H, T, W] */
  readonly query: Value;
  /** [B, G, S, W]; H is a multiple of G (grouped queries). */
  readonly key: Value;
  /** [B, G, S, V] */
  readonly value: Value;
  /** Added to the scores; broadcasts to [B, H, T, S]. */
  readonly bias?: Value;
  /** Multiplies the scores, usually 1/sqrt(W). */
  readonly scale: number;
}

/** `softmax(scale * Q·Kᵀ + bias)·V`, `[B, H, T, V]`. @source Vaswani et al. 2017, eq. 1; grouped queries: Ainslie et al. 2023. */
export function attention({ query, key, value, bias, scale }: AttentionInputs): Value {
  return query.builder.emit("attention", bias === undefined ? [query, key, value] : [query, key, value, bias], { scale });
}

/** `x / max(|x|, epsilon)` over the last axis. */
export function l2Normalize(x: Value, epsilon = 1e-12): Value {
  return div(x, sqrt(add(reduceSum(square(x), [-1], true), epsilon)));
}

/** Repeats the whole of an axis: `[.., L, ..] -> [.., times * L, ..]`. */
export function tile(x: Value, axis: number, times: Dimension): Value {
  const at = positive(axis, x.shape.length);
  const repeated: Shape = [...x.shape.slice(0, at), times, ...x.shape.slice(at)];
  const single: Shape = [...x.shape.slice(0, at), 1, ...x.shape.slice(at)];
  const merged = x.shape.map((length, position) => (position === at ? multiplyDimensions(length, times) : length));
  return dimensionKey(times) === "1" ? x : reshape(expand(reshape(x, single), repeated), merged);
}

/** The value of an operand: numbers become float32 scalars. */
export function valueOf(operand: Operand, builder: ValueBuilder): Value {
  return typeof operand === "number" ? builder.scalar(operand) : operand;
}

function builderOf(a: Operand, b: Operand): ValueBuilder {
  if (typeof a !== "number") return a.builder;
  invariant(typeof b !== "number", "an operation on two numbers has no graph");
  return b.builder;
}

function reduction(x: Value, axes: readonly number[], keepDimensions: boolean): Reduction {
  return { axes: axes.map((axis) => positive(axis, x.shape.length)).sort((a, b) => a - b), keepDimensions };
}

function positive(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}
