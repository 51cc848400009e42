import type { TokenBatch } from "../../../src/model/multimodal/token-batch.ts";

/** Rows of the real tokens, one after another: padding holds whatever came out. @param data [B, T, ..] of any width. */
export function realTokens(data: ArrayLike<number>, { inputIds, lengths }: TokenBatch): number[] {
  const [rows, tokens] = inputIds.shape as [number, number];
  const width = data.length / (rows * tokens);
  const all = Array.from(data);
  return Array.from(lengths).flatMap((length, row) => all.slice(row * tokens * width, (row * tokens + length) * width));
}

/** Each input's last token, of unit length. @param data [B, T, width]. */
export function lastTokens(data: Float32Array, { inputIds, lengths }: TokenBatch): number[][] {
  const [rows, tokens] = inputIds.shape as [number, number];
  const width = data.length / (rows * tokens);
  return Array.from(lengths, (length, row) => {
    const end = (row * tokens + length) * width;
    const vector = Array.from(data.subarray(end - width, end));
    return vector.map((value) => value / Math.hypot(...vector));
  });
}
