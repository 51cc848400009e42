import { closeSync, openSync, readSync } from "node:fs";
import type { ExternalData } from "../operations.ts";

/** Reads the numbers of a byte range of a file. */
export function externalReference({ file, byteOffset, byteLength, dtype = "float32" }: ExternalData): Float64Array {
  const bytes = new Uint8Array(byteLength);
  const descriptor = openSync(file, "r");
  try {
    readSync(descriptor, bytes, 0, byteLength, byteOffset);
  } finally {
    closeSync(descriptor);
  }
  return NUMBERS[dtype](bytes.buffer);
}

const NUMBERS: Readonly<Record<NonNullable<ExternalData["dtype"]>, (buffer: ArrayBuffer) => Float64Array>> = {
  float32: (buffer) => Float64Array.from(new Float32Array(buffer)),
  int8: (buffer) => Float64Array.from(new Int8Array(buffer)),
  uint8: (buffer) => Float64Array.from(new Uint8Array(buffer)),
  float16: (buffer) => Float64Array.from(new Uint16Array(buffer), halfToNumber),
  bfloat16: (buffer) =>
    Float64Array.from(new Uint16Array(buffer), (bits) => new Float32Array(Uint32Array.of(bits << 16).buffer)[0] as number),
};

/** The number of a half-precision bit pattern: sign, 5 bits of exponent, 10 of fraction. */
function halfToNumber(bits: number): number {
  const [sign, exponent, fraction] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 31, bits & 0x3ff];
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}
