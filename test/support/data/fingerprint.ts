import { createHash } from "node:crypto";

/** A short text that is equal for equal values, typed arrays included: comparing pixel by pixel through `toEqual` takes seconds. */
export function fingerprint(value: unknown): string {
  const text = JSON.stringify(value, (_, part: unknown) => (ArrayBuffer.isView(part) ? digest(part) : part));
  return digest(Buffer.from(text));
}

function digest(bytes: ArrayBufferView): string {
  return createHash("sha256")
    .update(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
    .digest("hex");
}
