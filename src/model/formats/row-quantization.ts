/** The companion tensor that holds the scales of an int8 tensor. */
export function scaleNameOf(name: string): string {
  return `${name}.scale`;
}

/** A matrix in signed bytes: `value = int8 * scale of its row`. */
export interface QuantizedRows {
  /** [rows, columns] int8, -127 to 127. */
  readonly values: Int8Array;
  /** [rows] float32. */
  readonly scales: Float32Array;
}

/** Rows smaller than 127 times this count as zeros: a float32 cannot hold their scale with precision. */
const MIN_SCALE = 2 ** -126;

/**
 * Symmetric int8 per row (output channel): `scale = max |row| / 127`, `value = round(x / scale)`; a row of zeros has scale 1.
 * @param values [rows, columns] float32, finite (below 1e38, so that no rounding overflows). The error of an element is at most half its row's scale.
 */
export function quantizeRows(values: Float32Array, rows: number): QuantizedRows {
  const columns = rows === 0 ? 0 : values.length / rows;
  const quantized = new Int8Array(values.length);
  const scales = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const [begin, end] = [row * columns, (row + 1) * columns];
    const largest = largestIn(values, begin, end);
    const scale = largest < 127 * MIN_SCALE ? 1 : largest / 127; // a value that is not a number stays visible in the scale
    scales[row] = scale;
    for (let at = begin; at < end; at++) {
      const level = Math.floor(values[at]! / scale + 0.5); // rounds as Math.round does, three times as fast
      quantized[at] = level > 127 ? 127 : level < -127 ? -127 : level;
    }
  }
  return { values: quantized, scales };
}

/** The largest magnitude in a range; not a number if one of them is none. */
function largestIn(values: Float32Array, begin: number, end: number): number {
  let largest = 0;
  for (let at = begin; at < end; at++) {
    const magnitude = Math.abs(values[at]!);
    if (magnitude > largest || Number.isNaN(magnitude)) largest = magnitude;
  }
  return largest;
}

/** The inverse of {@link quantizeRows}: [rows, columns] float32. */
export function dequantizeRows({ values, scales }: QuantizedRows): Float32Array {
  const columns = scales.length === 0 ? 0 : values.length / scales.length;
  const restored = new Float32Array(values.length);
  let index = 0;
  for (const scale of scales) {
    for (const end = index + columns; index < end; index++) restored[index] = (values[index] as number) * scale;
  }
  return restored;
}
