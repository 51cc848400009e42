import { present } from "../../../errors/families.ts";
import { allocate, sizeOf, tensorOf, type DType, type Tensor, type TensorData } from "../../tensor/tensor.ts";

/** A concrete tensor in double precision, row-major; integers are stored as they are, booleans as 0 and 1. */
export interface Dense {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** A tensor in double precision (copied). */
export function denseOf({ shape, data }: Tensor): Dense {
  return { shape, data: Float64Array.from(data as ArrayLike<number | bigint>, Number) };
}

/** Double precision back to a tensor's own type. */
export function tensorFrom({ shape, data }: Dense, dtype: DType): Tensor {
  const stored = allocate(dtype, data.length);
  data.forEach((number, at) => store(stored, at, number));
  return tensorOf(dtype, shape, stored);
}

/** A tensor whose element at each index is `element(index)`. The index is reused: copy it to keep it. */
export function tabulate(shape: readonly number[], element: (index: readonly number[]) => number): Float64Array {
  const data = new Float64Array(sizeOf(shape));
  const index = shape.map(() => 0);
  for (let at = 0; at < data.length; at++) {
    data[at] = element(index);
    advance(index, shape);
  }
  return data;
}

/** The element at an index; axes of length 1 are broadcast, and so are missing leading axes. */
export function at({ shape, data }: Dense, index: readonly number[]): number {
  const skipped = index.length - shape.length;
  const offset = shape.reduce((sum, length, axis) => sum * length + (length === 1 ? 0 : present(index[skipped + axis], "an index")), 0);
  return present(data[offset], "an element");
}

/** Calls `visit` with every index of a shape, in row-major order. The index is reused: copy it to keep it. */
export function forEachIndex(shape: readonly number[], visit: (index: readonly number[]) => void): void {
  const index = shape.map(() => 0);
  for (let count = sizeOf(shape); count > 0; count--) {
    visit(index);
    advance(index, shape);
  }
}

/** An index with one axis replaced. */
export function withAxis(index: readonly number[], axis: number, position: number): number[] {
  return index.map((original, each) => (each === axis ? position : original));
}

function advance(index: number[], shape: readonly number[]): void {
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const next = (index[axis] as number) + 1;
    index[axis] = next === shape[axis] ? 0 : next;
    if (index[axis] !== 0) return;
  }
}

function store(data: TensorData, position: number, number: number): void {
  if (data instanceof BigInt64Array) data[position] = BigInt(number);
  else data[position] = number;
}
