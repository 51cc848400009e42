import { floatTensor, type FloatTensor } from "../../engine/tensor/tensor.ts";

/** A run of a list's items. */
export interface Chunk<Item> {
  /** Where it begins in the list. */
  readonly start: number;
  readonly items: readonly Item[];
}

/** The list in runs of `size`, the last one shorter if need be. */
export function chunksOf<Item>(items: readonly Item[], size: number): Chunk<Item>[] {
  const starts = Array.from({ length: Math.ceil(items.length / size) }, (_, index) => index * size);
  return starts.map((start) => ({ start, items: items.slice(start, start + size) }));
}

/** Rows of a tensor along its first axis: a view, not a copy. */
export function rowsOf({ shape, data }: FloatTensor, start: number, count: number): FloatTensor {
  const [rows = 0, ...rest] = shape;
  const width = data.length / Math.max(1, rows);
  return floatTensor([count, ...rest], data.subarray(start * width, (start + count) * width));
}

/** The numbers of tensors, one after another. */
export function joinData(parts: readonly FloatTensor[]): Float32Array {
  const joined = new Float32Array(parts.reduce((sum, { data }) => sum + data.length, 0));
  let at = 0;
  for (const { data } of parts) {
    joined.set(data, at);
    at += data.length;
  }
  return joined;
}
