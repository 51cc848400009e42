import type { ElementType, Tensor } from "../tensor/tensor.ts";
import type { Dimension, Shape } from "./dimension.ts";

/** No attributes. */
export type None = Readonly<Record<never, never>>;

/** A tensor that lies in a file: bytes `byteOffset ..` in row-major little-endian order. */
export interface ExternalData {
  /** How its numbers are stored; float32 if not given. Halves become float32 when they are used, unless the value is declared to be of halves. */
  readonly dtype?: "float32" | "float16" | "bfloat16" | "int8" | "uint8";
  readonly file: string;
  readonly byteOffset: number;
  readonly byteLength: number;
}

export interface Reduction {
  /** Axes that are reduced, 0 or more, ascending. */
  readonly axes: readonly number[];
  readonly keepDimensions: boolean;
}

/** Every operation of the IR with its attributes. All have one output. Tables over operations are typed over this whole union. */
export interface OperationAttributes {
  // leaves
  readonly input: { readonly name: string };
  readonly constant: { readonly tensor: Tensor };
  readonly external: { readonly name: string; readonly data: ExternalData };
  /** A dimension's length as a scalar of the given type. */
  readonly dimension: { readonly dimension: Dimension; readonly dtype: "float32" | "int32" };
  /** `[0, 1, ..., length - 1]` int32. */
  readonly iota: { readonly length: Dimension };
  // unary, elementwise
  readonly neg: None;
  readonly exp: None;
  readonly log: None;
  readonly sqrt: None;
  readonly tanh: None;
  readonly sigmoid: None;
  readonly erf: None;
  readonly sin: None;
  readonly cos: None;
  readonly abs: None;
  readonly not: None;
  readonly cast: { readonly dtype: ElementType };
  /** The value itself; no gradient passes. */
  readonly stopGradient: None;
  /** The first input, taken only after the others are computed: keeps the runtime from holding more memory than it must. */
  readonly after: None;
  // binary, elementwise, broadcasting
  readonly add: None;
  readonly sub: None;
  readonly mul: None;
  readonly div: None;
  readonly maximum: None;
  readonly minimum: None;
  readonly equal: None;
  readonly less: None;
  readonly lessOrEqual: None;
  readonly and: None;
  readonly or: None;
  readonly where: None;
  // reductions
  readonly reduceSum: Reduction;
  readonly reduceMean: Reduction;
  readonly reduceMax: Reduction;
  /** Over the last axis. */
  readonly softmax: None;
  /** Over the last axis. */
  readonly logSoftmax: None;
  // linear algebra
  readonly matmul: { readonly transposeA: boolean; readonly transposeB: boolean };
  /**
   * `x [.., K]` times a matrix of signed bytes `[K, N]` whose columns have scales `[N]`. x is rounded to 256 levels between its least and its
   * largest number (0 among them) when it runs. For inference: no gradient passes.
   */
  readonly quantizedMatmul: None;
  /**
   * `x [.., inner]` times the transpose of a matrix of 4-bit numbers `[N, blocks, blockSize / 2]` uint8 (the first of two in the low bits, 8 is zero; a row
   * filled up with anything to whole blocks), whose blocks have scales `[N, blocks]`. For inference: no gradient passes.
   */
  readonly blockQuantizedMatmul: { readonly inner: number; readonly blockSize: number };
  // shape
  readonly reshape: { readonly shape: Shape };
  readonly transpose: { readonly permutation: readonly number[] };
  readonly expand: { readonly shape: Shape };
  readonly slice: { readonly axis: number; readonly start: Dimension; readonly end: Dimension };
  readonly concat: { readonly axis: number };
  /** Zeros before and after along one axis. */
  readonly pad: { readonly axis: number; readonly before: Dimension; readonly after: Dimension };
  /** Rows of a table: `table[indices]`. */
  readonly gather: None;
  /** Zeros of `rows` rows with `updates` added at `indices`: the transpose of gather. */
  readonly scatterAdd: { readonly rows: Dimension };
  // composites: each has an expansion into the above, and a fused kernel where ONNX Runtime has one
  readonly silu: None;
  readonly gelu: { readonly approximation: "erf" | "tanh" | "quick" };
  readonly rmsNorm: { readonly epsilon: number };
  readonly layerNorm: { readonly epsilon: number };
  readonly rotary: None;
  readonly attention: { readonly scale: number };
}

export type OperationName = keyof OperationAttributes;

export type UnaryName = "neg" | "exp" | "log" | "sqrt" | "tanh" | "sigmoid" | "erf" | "sin" | "cos" | "abs";
export type BinaryName = "add" | "sub" | "mul" | "div" | "maximum" | "minimum";
export type ComparisonName = "equal" | "less" | "lessOrEqual";
export type CompositeName = "silu" | "gelu" | "rmsNorm" | "layerNorm" | "rotary" | "attention";

/** Whether an operation has an expansion into primitive ones. */
export function isComposite(name: OperationName): name is CompositeName {
  return COMPOSITES.has(name);
}

const COMPOSITES: ReadonlySet<OperationName> = new Set<CompositeName>(["silu", "gelu", "rmsNorm", "layerNorm", "rotary", "attention"]);
