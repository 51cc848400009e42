/** Bytes per element of every dtype of the safetensors format that Polyvec knows. */
export const STORED_DTYPE_BYTES = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  I64: 8,
  U64: 8,
  F64: 8,
} as const;

/** The dtype of a tensor as it lies on disk. */
export type StoredDType = keyof typeof STORED_DTYPE_BYTES;

/** Whether a safetensors header's dtype is one that Polyvec knows. */
export function isStoredDType(name: string): name is StoredDType {
  return Object.hasOwn(STORED_DTYPE_BYTES, name);
}
