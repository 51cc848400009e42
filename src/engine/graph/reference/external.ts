import { closeSync, openSync, readSync } from "node:fs";
import type { ExternalData } from "../operations.ts";

/** Reads the float32 numbers of a byte range of a file. */
export function externalReference({ file, byteOffset, byteLength }: ExternalData): Float64Array {
  const bytes = new Uint8Array(byteLength);
  const descriptor = openSync(file, "r");
  try {
    readSync(descriptor, bytes, 0, byteLength, byteOffset);
  } finally {
    closeSync(descriptor);
  }
  return Float64Array.from(new Float32Array(bytes.buffer));
}
