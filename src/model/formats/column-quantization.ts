import { dequantizeRows, quantizeRows } from "./row-quantization.ts";

/** A linear layer's weight in signed bytes as the int8 kernel wants it: `weight[output][input] = values[input][output] * scales[output]`. */
export interface QuantizedColumns {
  /** [inputs, outputs] int8, -127 to 127. */
  readonly values: Int8Array;
  /** [outputs] float32. */
  readonly scales: Float32Array;
}

/** Symmetric int8 per output, as `quantizeRows`, turned round. @param values [outputs, inputs] float32, finite. */
export function quantizeColumns(values: Float32Array, outputs: number): QuantizedColumns {
  const rows = quantizeRows(values, outputs);
  return { values: turn(rows.values, outputs), scales: rows.scales };
}

/** The inverse: [outputs, inputs] float32. */
export function dequantizeColumns({ values, scales }: QuantizedColumns): Float32Array {
  const inputs = scales.length === 0 ? 0 : values.length / scales.length;
  return dequantizeRows({ values: turn(values, inputs), scales });
}

/** The transpose of a matrix of `rows` rows, block by block: both sides stay in the cache. */
function turn(values: Int8Array, rows: number): Int8Array {
  const columns = rows === 0 ? 0 : values.length / rows;
  const turned = new Int8Array(values.length);
  for (let top = 0; top < rows; top += BLOCK) {
    for (let left = 0; left < columns; left += BLOCK) {
      const [bottom, right] = [Math.min(rows, top + BLOCK), Math.min(columns, left + BLOCK)];
      for (let row = top; row < bottom; row++) {
        for (let column = left; column < right; column++) turned[column * rows + row] = values[row * columns + column]!;
      }
    }
  }
  return turned;
}

const BLOCK = 64;
