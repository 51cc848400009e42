/**
 * Weighed sums of pixels, in fixed point: the two passes of `src/inputs/resize-image.ts`, which lays out memory. AssemblyScript, compiled by `compile.ts`.
 * Up to 15 bytes behind what is read and what is written are touched, and mean nothing.
 */

/** Fixed-point position of the weights' ones. */
const PRECISION_BITS: i32 = 22;

// @ts-ignore: decorator
@inline
function half(): v128 {
  return i32x4.splat(1 << (PRECISION_BITS - 1));
}

// @ts-ignore: decorator
@inline
function weighed(sum: v128, weight: v128, values: v128): v128 {
  return i32x4.add(sum, i32x4.mul(weight, values));
}

/** Sixteen sums as bytes, too large and too small ones clipped. */
// @ts-ignore: decorator
@inline
function toBytes(a: v128, b: v128, c: v128, d: v128): v128 {
  const low = i16x8.narrow_i32x4_s(i32x4.shr_s(a, PRECISION_BITS), i32x4.shr_s(b, PRECISION_BITS));
  const high = i16x8.narrow_i32x4_s(i32x4.shr_s(c, PRECISION_BITS), i32x4.shr_s(d, PRECISION_BITS));
  return i8x16.narrow_i16x8_u(low, high);
}

/**
 * Each result pixel from the pixels of its row that count.
 * @param source [rows, width, 3] uint8. @param result [rows, columns, 3] uint8. @param first [columns] int32: the first pixel that counts.
 * @param length [columns] int32: how many do. @param weights [columns, stride] int32.
 */
export function across(
  source: usize, result: usize, rows: i32, width: i32, columns: i32, first: usize, length: usize, weights: usize, stride: i32,
): void {
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      let from: usize = source + 3 * load<i32>(first + 4 * column);
      let weight: usize = weights + 4 * column * stride;
      const end: usize = weight + 4 * load<i32>(length + 4 * column);
      let sum = half();
      for (; weight < end; weight += 4, from += 3) {
        // red, green, blue, and the next pixel's red, which is not kept
        sum = weighed(sum, v128.load32_splat(weight), i32x4.extend_low_i16x8_u(v128.load_ext<u8>(from)));
      }
      store<i32>(result, i32x4.extract_lane(toBytes(sum, sum, sum, sum), 0));
      result += 3;
    }
    source += 3 * width;
  }
}

/**
 * Each result row from the rows that count.
 * @param source [rows, pitch] uint8. @param result [resultRows, pitch] uint8. @param first [resultRows] int32: the first row that counts, of which row `begin`
 * is the first of `source`. @param length [resultRows] int32: how many do. @param weights [resultRows, stride] int32.
 */
export function down(
  source: usize, result: usize, resultRows: i32, pitch: i32, begin: i32, first: usize, length: usize, weights: usize, stride: i32,
): void {
  for (let row = 0; row < resultRows; row++) {
    const top: usize = source + (load<i32>(first + 4 * row) - begin) * pitch;
    const end: usize = weights + 4 * load<i32>(length + 4 * row);
    for (let offset = 0; offset < pitch; offset += 16) {
      let from: usize = top + offset;
      let a = half(), b = half(), c = half(), d = half();
      for (let weight: usize = weights; weight < end; weight += 4, from += pitch) {
        const factor = v128.load32_splat(weight);
        const low = v128.load_ext<u8>(from);
        const high = v128.load_ext<u8>(from, 8);
        a = weighed(a, factor, i32x4.extend_low_i16x8_u(low));
        b = weighed(b, factor, i32x4.extend_high_i16x8_u(low));
        c = weighed(c, factor, i32x4.extend_low_i16x8_u(high));
        d = weighed(d, factor, i32x4.extend_high_i16x8_u(high));
      }
      v128.store(result + offset, toBytes(a, b, c, d));
    }
    result += pitch;
    weights += 4 * stride;
  }
}
