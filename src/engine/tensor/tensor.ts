import { ShapeError } from "../../errors/families.ts";

/** Element types the engine computes with. int8 and uint8 hold quantized weights only. */
export type DType = "float32" | "int8" | "uint8" | "int32" | "int64" | "bool";

/** Floats of 16 bits. They live inside graphs and in files only: what a graph takes and gives is of a {@link DType}. */
export type HalfType = "float16" | "bfloat16";

/** Element types of the values inside a graph. */
export type ElementType = DType | HalfType;

/** Whether a type is one of 16-bit floats. */
export function isHalf(dtype: ElementType): dtype is HalfType {
  return dtype === "float16" || dtype === "bfloat16";
}

/** The type as one that tensors have. @throws {ShapeError} for halves. */
export function tensorType(dtype: ElementType): DType {
  if (!isHalf(dtype)) return dtype;
  throw new ShapeError({
    message: `an input or output of a graph is of ${dtype}, which tensors do not have; cast it to float32 inside the graph`,
    details: { got: dtype, expected: "float32" },
  });
}

/** Storage of each element type; booleans are bytes of 0 or 1. */
export interface DataOf {
  readonly float32: Float32Array;
  readonly int8: Int8Array;
  readonly uint8: Uint8Array;
  readonly int32: Int32Array;
  readonly int64: BigInt64Array;
  readonly bool: Uint8Array;
}

export type TensorData = DataOf[DType];

/** A dense array in row-major order, in ordinary memory. */
export type Tensor = { readonly [K in DType]: TensorOf<K> }[DType];

/** A tensor of a known element type. */
export interface TensorOf<K extends DType> {
  readonly dtype: K;
  readonly shape: readonly number[];
  readonly data: DataOf[K];
}

export type FloatTensor = TensorOf<"float32">;
export type IntTensor = TensorOf<"int32">;

/** A float32 tensor over `data` (not copied). @throws {ShapeError} if the length is not the shape's size. */
export function floatTensor(shape: readonly number[], data: Float32Array | readonly number[]): FloatTensor {
  const values = data instanceof Float32Array ? data : Float32Array.from(data);
  checkLength(shape, values.length);
  return { dtype: "float32", shape, data: values };
}

/** An int32 tensor over `data` (not copied). @throws {ShapeError} if the length is not the shape's size. */
export function intTensor(shape: readonly number[], data: Int32Array | readonly number[]): IntTensor {
  const values = data instanceof Int32Array ? data : Int32Array.from(data);
  checkLength(shape, values.length);
  return { dtype: "int32", shape, data: values };
}

/** A bool tensor. @throws {ShapeError} if the length is not the shape's size. */
export function boolTensor(shape: readonly number[], data: Uint8Array | readonly boolean[]): TensorOf<"bool"> {
  const values = data instanceof Uint8Array ? data : Uint8Array.from(data, Number);
  checkLength(shape, values.length);
  return { dtype: "bool", shape, data: values };
}

/** A float32 tensor of zeros. */
export function zeros(shape: readonly number[]): FloatTensor {
  return floatTensor(shape, new Float32Array(sizeOf(shape)));
}

/** A float32 tensor of shape `[]`. */
export function scalar(value: number): FloatTensor {
  return floatTensor([], [value]);
}

/** Number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, dimension) => size * dimension, 1);
}

/** New storage for `length` elements of a type, zeroed. */
export function allocate(dtype: DType, length: number): TensorData {
  switch (dtype) {
    case "float32":
      return new Float32Array(length);
    case "int8":
      return new Int8Array(length);
    case "int32":
      return new Int32Array(length);
    case "int64":
      return new BigInt64Array(length);
    case "uint8":
    case "bool":
      return new Uint8Array(length);
  }
}

/** A tensor over storage whose kind must match `dtype`. @throws {ShapeError} if kind or length do not. */
export function tensorOf(dtype: DType, shape: readonly number[], data: TensorData): Tensor {
  checkLength(shape, data.length);
  if (data instanceof Float32Array && dtype === "float32") return { dtype, shape, data };
  if (data instanceof Int8Array && dtype === "int8") return { dtype, shape, data };
  if (data instanceof Int32Array && dtype === "int32") return { dtype, shape, data };
  if (data instanceof BigInt64Array && dtype === "int64") return { dtype, shape, data };
  if (data instanceof Uint8Array && dtype === "uint8") return { dtype, shape, data };
  if (data instanceof Uint8Array && dtype === "bool") return { dtype, shape, data };
  throw new ShapeError({
    message: `a tensor of ${dtype} cannot be stored in a ${data.constructor.name}`,
    details: { expected: dtype, got: data.constructor.name },
  });
}

/** The tensor as float32. @throws {ShapeError} if it holds another type. */
export function expectFloat(tensor: Tensor): FloatTensor {
  if (tensor.dtype === "float32") return tensor;
  throw new ShapeError({
    message: `got a tensor of ${tensor.dtype}, expected float32`,
    details: { got: tensor.dtype, expected: "float32" },
  });
}

function checkLength(shape: readonly number[], length: number): void {
  if (sizeOf(shape) === length) return;
  throw new ShapeError({
    message: `shape [${shape.join(", ")}] needs ${sizeOf(shape)} elements, got ${length}`,
    details: { expected: sizeOf(shape), got: length, shape },
  });
}
