import { crc32c } from "./crc32c.ts";

/**
 * Bytes as a record of a TFRecord file, which is nothing but records: length (8 bytes, lowest first), its masked CRC-32C (4), the bytes, their
 * masked CRC-32C (4). @source TensorFlow's guide on TFRecord.
 */
export function tfRecord(content: Uint8Array): Uint8Array {
  const record = new Uint8Array(content.length + 16);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(content.length), true);
  view.setUint32(8, masked(crc32c(record.subarray(0, 8))), true);
  record.set(content, 12);
  view.setUint32(12 + content.length, masked(crc32c(content)), true);
  return record;
}

/** A sum that may itself be summed over: turned by 15 bits, and a constant added. */
function masked(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
