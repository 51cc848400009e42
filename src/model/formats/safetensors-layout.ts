import type { Tensor } from "../../engine/tensor/tensor.ts";
import { WeightsError } from "../../errors/families.ts";
import { float32ToBfloat16, float32ToFloat16 } from "./half-precision.ts";
import { quantizeRows, scaleNameOf, type QuantizedRows } from "./row-quantization.ts";
import { STORED_DTYPE_BYTES, type StoredDType } from "./stored-dtype.ts";

/** How weights are stored: float dtypes as they are, int8 with a scale per row. */
export type WeightsDType = "float32" | "float16" | "bfloat16" | "int8";

/** What the data of a file begins at a multiple of, bytes. */
const ALIGNMENT = 64;

/** What a tensor is stored as. */
interface PieceInfo {
  readonly name: string;
  readonly dtype: StoredDType;
  readonly shape: readonly number[];
}

/** A tensor that is to be written; its bytes are made when their turn comes. */
interface Piece extends PieceInfo {
  readonly toBytes: () => Uint8Array;
}

/** A tensor whose bytes are read, or worked out, when their turn comes. */
export interface StreamedPiece extends PieceInfo {
  readonly toBytes: () => Promise<Uint8Array>;
}

/** As {@link planSafetensors}, of tensors that need not all be in memory. @throws {WeightsError} as there. */
export async function* streamSafetensors(
  file: string,
  pieces: readonly StreamedPiece[],
  metadata: Readonly<Record<string, string>>,
): AsyncGenerator<Uint8Array> {
  const ordered = inOrder(file, pieces);
  yield headerBytes(ordered, metadata);
  for (const piece of ordered) yield checkBytes(file, piece, await piece.toBytes());
}

/** The pieces of a safetensors file in order: length, header, tensors. @throws {WeightsError} if a value does not fit the dtype. */
export function* planSafetensors(
  file: string,
  tensors: ReadonlyMap<string, Tensor>,
  { dtype, metadata }: { dtype: WeightsDType; metadata: Readonly<Record<string, string>> },
): Generator<Uint8Array> {
  const pieces = [...tensors].flatMap(([name, tensor]) => toPieces(name, tensor, dtype));
  const ordered = inOrder(file, pieces);
  yield headerBytes(ordered, metadata);
  for (const piece of ordered) yield checkBytes(file, piece, piece.toBytes());
}

/** By alignment, then by name. @throws {WeightsError} if two have one name. */
function inOrder<P extends PieceInfo>(file: string, pieces: readonly P[]): P[] {
  checkNames(file, pieces);
  return pieces.toSorted((a, b) => alignmentOf(b) - alignmentOf(a) || (a.name < b.name ? -1 : 1));
}

function toPieces(name: string, tensor: Tensor, dtype: WeightsDType): Piece[] {
  const { shape } = tensor;
  switch (tensor.dtype) {
    case "int8":
      return [{ name, dtype: "I8", shape, toBytes: () => asBytes(tensor.data) }];
    case "uint8":
      return [{ name, dtype: "U8", shape, toBytes: () => asBytes(tensor.data) }];
    case "int32":
      return [{ name, dtype: "I32", shape, toBytes: () => asBytes(tensor.data) }];
    case "int64":
      return [{ name, dtype: "I64", shape, toBytes: () => asBytes(tensor.data) }];
    case "bool":
      return [{ name, dtype: "BOOL", shape, toBytes: () => tensor.data }];
    case "float32":
      return floatPieces(name, { shape, values: tensor.data, dtype });
  }
}

function floatPieces(
  name: string,
  { shape, values, dtype }: { shape: readonly number[]; values: Float32Array; dtype: WeightsDType },
): Piece[] {
  if (dtype === "float16") return [{ name, dtype: "F16", shape, toBytes: () => asBytes(float32ToFloat16(values)) }];
  if (dtype === "bfloat16") return [{ name, dtype: "BF16", shape, toBytes: () => asBytes(float32ToBfloat16(values)) }];
  const rows = shape[0];
  if (dtype === "float32" || shape.length < 2 || rows === undefined) return [{ name, dtype: "F32", shape, toBytes: () => asBytes(values) }];
  let cached: QuantizedRows | undefined;
  const quantized = (): QuantizedRows => (cached ??= quantizeRows(values, rows));
  return [
    { name, dtype: "I8", shape, toBytes: () => asBytes(quantized().values) },
    { name: scaleNameOf(name), dtype: "F32", shape: [rows], toBytes: () => asBytes(quantized().scales) },
  ];
}

function asBytes({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}

function byteLengthOf({ dtype, shape }: PieceInfo): number {
  return shape.reduce((product, size) => product * size, STORED_DTYPE_BYTES[dtype]);
}

/** The largest power of two, up to {@link ALIGNMENT}, that divides the tensor's size. */
function alignmentOf(piece: PieceInfo): number {
  const bytes = byteLengthOf(piece) % ALIGNMENT;
  return bytes === 0 ? ALIGNMENT : bytes & -bytes;
}

function headerBytes(pieces: readonly PieceInfo[], metadata: Readonly<Record<string, string>>): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let begin = 0;
  for (const piece of pieces) {
    const end = begin + byteLengthOf(piece);
    header[piece.name] = { dtype: piece.dtype, shape: piece.shape, data_offsets: [begin, end] };
    begin = end;
  }
  const json = Buffer.from(JSON.stringify(header));
  const bytes = Buffer.alloc(Math.ceil((8 + json.length) / ALIGNMENT) * ALIGNMENT, " ");
  bytes.writeBigUInt64LE(BigInt(bytes.length - 8));
  json.copy(bytes, 8);
  return bytes;
}

function checkNames(file: string, pieces: readonly PieceInfo[]): void {
  const seen = new Set<string>(["__metadata__"]);
  for (const { name } of pieces) {
    if (seen.has(name)) {
      const message = `cannot write ${file}: two tensors would be called ${name} (int8 weights keep their scales in <name>.scale); rename one`;
      throw new WeightsError({ message, details: { file, tensor: name } });
    }
    seen.add(name);
  }
}

function checkBytes(file: string, piece: PieceInfo, bytes: Uint8Array): Uint8Array {
  const isLossy = piece.dtype === "F16" || piece.dtype === "BF16" || piece.name.endsWith(".scale");
  if (isLossy && !isFinitePiece(piece.dtype, bytes)) {
    const message = `cannot write ${file}: tensor ${piece.name} has values that are not finite or do not fit its dtype; write it as float32 or repair it`;
    throw new WeightsError({ message, details: { file, tensor: piece.name, expected: `finite values of ${piece.dtype}` } });
  }
  return bytes;
}

const EXPONENT = { F16: 0x7c00, BF16: 0x7f80 } as const;

function isFinitePiece(dtype: StoredDType, { buffer, byteOffset, byteLength }: Uint8Array): boolean {
  if (dtype === "F32") return new Float32Array(buffer, byteOffset, byteLength / 4).every(Number.isFinite);
  if (dtype !== "F16" && dtype !== "BF16") return true;
  const mask = EXPONENT[dtype];
  return new Uint16Array(buffer, byteOffset, byteLength / 2).every((bits) => (bits & mask) !== mask);
}
