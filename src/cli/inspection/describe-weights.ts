import { sizeOf } from "../../engine/tensor/tensor.ts";
import type { Safetensors } from "../../model/formats/safetensors.ts";

/** One tensor of a file. */
export interface TensorDescription {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: number;
}

/** What a file of weights holds. */
export interface WeightsDescription {
  readonly file: string;
  readonly parameters: number;
  readonly bytes: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: readonly TensorDescription[];
}

/** Tells what a file of weights holds, from its header. */
export function describeWeights(weights: Safetensors): WeightsDescription {
  const tensors = weights.names.map((name) => {
    const { dtype, shape, byteLength } = weights.info(name);
    const scale = weights.scaleInfo(name);
    return { name, dtype: scale === undefined ? dtype : `${dtype} * scale`, shape, bytes: byteLength + (scale?.byteLength ?? 0) };
  });
  return {
    file: weights.file,
    parameters: tensors.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
    bytes: tensors.reduce((sum, { bytes }) => sum + bytes, 0),
    metadata: weights.metadata,
    tensors,
  };
}
