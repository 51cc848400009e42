import { z } from "zod";
import { WeightsError } from "../../errors/families.ts";
import { isStoredDType, STORED_DTYPE_BYTES, type StoredDType } from "./stored-dtype.ts";

/** Where one tensor lies on disk. */
export interface TensorInfo {
  /** The safetensors file that holds it. */
  readonly file: string;
  readonly dtype: StoredDType;
  readonly shape: readonly number[];
  /** Bytes from the start of the file. */
  readonly byteOffset: number;
  readonly byteLength: number;
}

/** A checked safetensors header. */
export interface SafetensorsHeader {
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The largest header that is read, bytes; the same limit as the reference implementation's. */
export const MAX_HEADER_BYTES = 100_000_000;

const whole = z.number().int().nonnegative();
const metadataSchema = z.record(z.string(), z.string());
const entrySchema = z.strictObject({ dtype: z.string(), shape: z.array(whole), data_offsets: z.tuple([whole, whole]) });
type Entry = z.infer<typeof entrySchema>;

/**
 * Parses and checks the JSON part of a safetensors file: every dtype known, every size equal to its shape's, no overlap, no hole,
 * and the last byte of the last tensor the last byte of the file.
 * @param json the header's bytes, without the 8 bytes of length. @param fileSize bytes of the whole file.
 * @throws {WeightsError} naming the file, the tensor, what was expected and what is there.
 */
export function parseSafetensorsHeader(file: string, json: Uint8Array, fileSize: number): SafetensorsHeader {
  const { __metadata__: metadata, ...entries } = parseObject(file, json);
  const dataStart = 8 + json.length;
  const tensors = new Map<string, TensorInfo>();
  for (const [name, entry] of Object.entries(entries)) tensors.set(name, toTensorInfo(file, name, { entry, dataStart }));
  checkLayout(file, tensors, { dataStart, fileSize });
  return { tensors, metadata: parseMetadata(file, metadata) };
}

function parseObject(file: string, json: Uint8Array): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(json));
  } catch (cause) {
    throw damaged(file, "its header is not JSON", { cause });
  }
  const parsed = z.record(z.string(), z.unknown()).safeParse(value);
  if (!parsed.success) throw damaged(file, "its header is not a JSON object");
  return parsed.data;
}

function parseMetadata(file: string, value: unknown): Readonly<Record<string, string>> {
  const parsed = metadataSchema.safeParse(value ?? {});
  if (!parsed.success) throw damaged(file, "its __metadata__ is not an object of strings");
  return parsed.data;
}

function toTensorInfo(file: string, name: string, { entry, dataStart }: { entry: unknown; dataStart: number }): TensorInfo {
  const parsed = entrySchema.safeParse(entry);
  if (!parsed.success) {
    const expected = "{ dtype, shape, data_offsets: [begin, end] }";
    throw damaged(file, `the header's entry of tensor ${name} is not ${expected}`, { tensor: name, expected, actual: entry });
  }
  const { dtype, shape, data_offsets: offsets } = parsed.data;
  if (!isStoredDType(dtype)) throw unknownDType(file, name, dtype);
  checkSize(file, name, parsed.data, STORED_DTYPE_BYTES[dtype]);
  return { file, dtype, shape, byteOffset: dataStart + offsets[0], byteLength: offsets[1] - offsets[0] };
}

function checkSize(file: string, name: string, entry: Entry, elementBytes: number): void {
  const expected = entry.shape.reduce((product, size) => product * size, elementBytes);
  const actual = entry.data_offsets[1] - entry.data_offsets[0];
  if (expected === actual) return;
  const what = `tensor ${name} of shape [${entry.shape.join(", ")}] and dtype ${entry.dtype} needs ${expected} bytes, its offsets hold ${actual}`;
  throw damaged(file, what, { tensor: name, expected, actual });
}

function checkLayout(
  file: string,
  tensors: ReadonlyMap<string, TensorInfo>,
  { dataStart, fileSize }: { dataStart: number; fileSize: number },
): void {
  const inOrder = [...tensors].sort(([, a], [, b]) => a.byteOffset - b.byteOffset || a.byteLength - b.byteLength);
  let end = dataStart;
  for (const [name, { byteOffset, byteLength }] of inOrder) {
    if (byteOffset !== end) {
      const what = byteOffset < end ? "overlaps the tensor before it" : "leaves a hole before it";
      throw damaged(file, `tensor ${name} ${what} (begins at byte ${byteOffset}, expected ${end})`, {
        tensor: name,
        expected: end,
        actual: byteOffset,
      });
    }
    end += byteLength;
  }
  if (end > fileSize) throw truncated(file, inOrder, { end, fileSize });
  if (end < fileSize) throw damaged(file, `${fileSize - end} bytes follow its last tensor`, { expected: end, actual: fileSize });
}

function truncated(
  file: string,
  inOrder: readonly [string, TensorInfo][],
  { end, fileSize }: { end: number; fileSize: number },
): WeightsError {
  const cut = inOrder.find(([, { byteOffset, byteLength }]) => byteOffset + byteLength > fileSize)?.[0] ?? "";
  const what = `it is truncated within tensor ${cut}: the header promises ${end} bytes, the file has ${fileSize}`;
  return damaged(file, what, { tensor: cut, expected: end, actual: fileSize });
}

function unknownDType(file: string, tensor: string, actual: string): WeightsError {
  const expected = Object.keys(STORED_DTYPE_BYTES);
  const message = `${file}: tensor ${tensor} has dtype ${actual}, known are ${expected.join(", ")}; convert it to one of these`;
  return new WeightsError({ message, details: { file, tensor, expected, actual } });
}

/** The error for a file that breaks the format's rules. */
export function damaged(
  file: string,
  what: string,
  { cause, ...details }: { tensor?: string; expected?: unknown; actual?: unknown; cause?: unknown } = {},
): WeightsError {
  const message = `${file} is not a sound safetensors file: ${what}; download or write it again`;
  return new WeightsError({ message, details: { file, ...details }, cause });
}
