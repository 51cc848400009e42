import type { Reduction } from "../operations.ts";
import { forEachIndex, type Dense } from "./dense.ts";

/** Folds an axis set with `combine`, from `start`. @returns one number per kept index, row-major. */
export function reduceReference(
  x: Dense,
  { axes }: Reduction,
  combine: (sum: number, element: number) => number,
  start: number,
): Float64Array {
  const kept = x.shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
  const folded = new Float64Array(kept.reduce((size, length) => size * length, 1)).fill(start);
  let position = 0;
  forEachIndex(x.shape, (index) => {
    const target = kept.reduce((offset, length, axis) => offset * length + (length === 1 ? 0 : (index[axis] as number)), 0);
    folded[target] = combine(folded[target] as number, x.data[position++] as number);
  });
  return folded;
}

/** Replaces each row (last axis) by `row(elements)`. */
export function mapRowsReference(x: Dense, row: (elements: Float64Array, number: number) => Float64Array): Float64Array {
  const width = x.shape.at(-1) ?? 1;
  const result = new Float64Array(x.data.length);
  for (let start = 0; start < x.data.length; start += width) result.set(row(x.data.subarray(start, start + width), start / width), start);
  return result;
}

/** `exp(x - max) / sum` */
export function softmaxReference(x: Dense): Float64Array {
  return mapRowsReference(x, (row) => {
    const largest = row.reduce((a, b) => Math.max(a, b), -Infinity);
    const powers = row.map((element) => Math.exp(element - largest));
    const sum = powers.reduce((a, b) => a + b, 0);
    return powers.map((power) => power / sum);
  });
}
