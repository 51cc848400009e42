import type { BinaryName, ComparisonName, UnaryName } from "../operations.ts";
import { at, tabulate, type Dense } from "./dense.ts";
import { erfReference } from "./erf.ts";

export const UNARY: Readonly<Record<UnaryName, (x: number) => number>> = {
  neg: (x) => -x,
  exp: Math.exp,
  log: Math.log,
  sqrt: Math.sqrt,
  tanh: Math.tanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  erf: erfReference,
  sin: Math.sin,
  cos: Math.cos,
  abs: Math.abs,
};

export const BINARY: Readonly<Record<BinaryName | ComparisonName | "and" | "or", (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  maximum: Math.max,
  minimum: Math.min,
  equal: (a, b) => Number(a === b),
  less: (a, b) => Number(a < b),
  lessOrEqual: (a, b) => Number(a <= b),
  and: (a, b) => a * b,
  or: (a, b) => Math.max(a, b),
};

/** `f` on every element. */
export function mapReference(x: Dense, f: (x: number) => number): Float64Array {
  return x.data.map(f);
}

/** `f` on every pair of elements, broadcasting. */
export function zipReference(shape: readonly number[], [a, b]: readonly [Dense, Dense], f: (a: number, b: number) => number): Float64Array {
  return tabulate(shape, (index) => f(at(a, index), at(b, index)));
}
