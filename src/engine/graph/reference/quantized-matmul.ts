import type { OperationAttributes } from "../operations.ts";
import { at, tabulate, type Dense } from "./dense.ts";

/** What is multiplied. */
interface Operands {
  /** [.., K] */
  readonly x: Dense;
  /** [K, N] whole numbers from -128 to 127. */
  readonly values: Dense;
  /** [N] */
  readonly scales: Dense;
}

/**
 * `x` rounded to 256 levels, times the matrix, times the columns' scales. The levels are equally far apart, from the least to the largest number of the
 * whole tensor, and one of them is 0.
 * @source ONNX, DynamicQuantizeLinear; ONNX Runtime, com.microsoft.DynamicQuantizeMatMul.
 */
export function quantizedMatmulReference(shape: readonly number[], { x, values, scales }: Operands): Float64Array {
  const { scale, zero } = levelsOf(x.data);
  const rounded = { shape: x.shape, data: x.data.map((number) => clamp(roundHalfToEven(number / scale) + zero) - zero) };
  const inner = x.shape.at(-1) ?? 0;
  return tabulate(shape, (index) => {
    const column = index.at(-1) ?? 0;
    let sum = 0;
    for (let k = 0; k < inner; k++) sum += at(rounded, [...index.slice(0, -1), k]) * at(values, [k, column]);
    return sum * scale * at(scales, [column]);
  });
}

/** `x` times the transpose of a matrix of 4-bit numbers, each minus 8 and times its block's scale. @source ONNX Runtime, com.microsoft.MatMulNBits. */
export function blockQuantizedMatmulReference(
  shape: readonly number[],
  { x, values, scales }: Operands,
  { inner, blockSize }: OperationAttributes["blockQuantizedMatmul"],
): Float64Array {
  return tabulate(shape, (index) => {
    const column = index.at(-1) ?? 0;
    let sum = 0;
    for (let k = 0; k < inner; k++) {
      const block = Math.floor(k / blockSize);
      const both = at(values, [column, block, Math.floor((k % blockSize) / 2)]);
      const level = k % 2 === 0 ? both % 16 : Math.floor(both / 16);
      sum += at(x, [...index.slice(0, -1), k]) * (level - 8) * at(scales, [column, block]);
    }
    return sum;
  });
}

/** Distance of the levels, and which of them is 0. In float32, as the kernel has it: elsewhere a number half-way would go the other way. */
function levelsOf(data: Float64Array): { readonly scale: number; readonly zero: number } {
  const least = data.reduce((a, b) => Math.min(a, b), 0);
  const largest = data.reduce((a, b) => Math.max(a, b), 0);
  const scale = largest === least ? 1 : Math.fround(Math.fround(largest - least) / 255);
  return { scale, zero: clamp(roundHalfToEven(Math.fround(-least / scale))) };
}

function clamp(level: number): number {
  return Math.min(255, Math.max(0, level));
}

function roundHalfToEven(number: number): number {
  const floor = Math.floor(number);
  const part = number - floor;
  if (part !== 0.5) return Math.round(number);
  return floor % 2 === 0 ? floor : floor + 1;
}
