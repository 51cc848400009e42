import type { HalfType } from "../../tensor/tensor.ts";

/** Bits of the fraction, the least exponent of a normal number, and the largest number. */
const FORMATS: Readonly<Record<HalfType, { readonly fraction: number; readonly least: number; readonly largest: number }>> = {
  float16: { fraction: 10, least: -14, largest: 65_504 },
  bfloat16: { fraction: 7, least: -126, largest: (2 - 2 ** -7) * 2 ** 127 },
};

/** A number rounded to the nearest of 16 bits, ties to even; beyond the largest by half a step and more it is infinite. @source IEEE 754-2019, 4.3.1. */
export function roundToHalf(number: number, dtype: HalfType): number {
  const { fraction, least, largest } = FORMATS[dtype];
  if (number === 0 || !Number.isFinite(number)) return number;
  const exponent = Math.max(least, Math.floor(Math.log2(Math.abs(number))));
  const step = 2 ** (exponent - fraction);
  const rounded = roundToEven(number / step) * step;
  return Math.abs(rounded) > largest ? Math.sign(rounded) * Infinity : rounded;
}

function roundToEven(number: number): number {
  const below = Math.floor(number);
  const rest = number - below;
  if (rest !== 0.5) return Math.round(number);
  return below % 2 === 0 ? below : below + 1;
}
