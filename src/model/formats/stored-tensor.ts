import type { Tensor } from "../../engine/tensor/tensor.ts";
import { WeightsError } from "../../errors/families.ts";
import { bfloat16ToFloat32, float16ToFloat32 } from "./half-precision.ts";
import type { TensorInfo } from "./safetensors-header.ts";

/**
 * Turns a stored tensor's bytes into a tensor: F16, BF16, F32 and F64 become float32; I8, U8, I16, U16 and I32 int32;
 * U32 and I64 int64; BOOL bool. F32, I32, I64 and BOOL share the given bytes, without a copy.
 * @throws {WeightsError} for F8_E4M3, F8_E5M2 and U64, which are not converted.
 */
export function toTensor(name: string, { file, dtype, shape }: TensorInfo, { buffer }: Uint8Array<ArrayBuffer>): Tensor {
  switch (dtype) {
    case "F32":
      return { dtype: "float32", shape, data: new Float32Array(buffer) };
    case "F16":
      return { dtype: "float32", shape, data: float16ToFloat32(new Uint16Array(buffer)) };
    case "BF16":
      return { dtype: "float32", shape, data: bfloat16ToFloat32(new Uint16Array(buffer)) };
    case "F64":
      return { dtype: "float32", shape, data: new Float32Array(new Float64Array(buffer)) };
    case "I8":
      return { dtype: "int32", shape, data: new Int32Array(new Int8Array(buffer)) };
    case "U8":
      return { dtype: "int32", shape, data: new Int32Array(new Uint8Array(buffer)) };
    case "I16":
      return { dtype: "int32", shape, data: new Int32Array(new Int16Array(buffer)) };
    case "U16":
      return { dtype: "int32", shape, data: new Int32Array(new Uint16Array(buffer)) };
    case "I32":
      return { dtype: "int32", shape, data: new Int32Array(buffer) };
    case "U32":
      return { dtype: "int64", shape, data: BigInt64Array.from(new Uint32Array(buffer), BigInt) };
    case "I64":
      return { dtype: "int64", shape, data: new BigInt64Array(buffer) };
    case "BOOL":
      return { dtype: "bool", shape, data: new Uint8Array(buffer) };
    case "F8_E4M3":
    case "F8_E5M2":
    case "U64":
      throw new WeightsError({
        message: `${file}: tensor ${name} has dtype ${dtype}, which Polyvec does not read; convert it to BF16, F16 or F32 (integers: I64)`,
        details: { file, tensor: name, expected: ["BF16", "F16", "F32", "I64"], actual: dtype },
      });
  }
}
