import type { FloatTensor } from "../../engine/tensor/tensor.ts";
import { BLOCK_SIZE, blockCount, quantizeBlocks, type QuantizedBlocks } from "../formats/block-quantization.ts";
import { quantizeColumns, type QuantizedColumns } from "../formats/column-quantization.ts";
import { quantizedNames } from "../formats/quantized-names.ts";
import { float32ToFloat16 } from "../formats/half-precision.ts";
import { quantizeRows, scaleNameOf, type QuantizedRows } from "../formats/row-quantization.ts";
import type { StreamedPiece } from "../formats/safetensors-layout.ts";

/** A weight to be exported. */
export interface ExportedWeight {
  /** As the checkpoint names it. */
  readonly name: string;
  /** As the checkpoint shapes it. */
  readonly shape: readonly number[];
  readonly read: () => Promise<FloatTensor>;
}

/** How a weight is stored: for products int8 in columns or 4-bit numbers in blocks, for tables int8 in rows. */
export type StoredForm = "float32" | "float16" | "columns" | "blocks" | "rows";

/** The tensors that a weight becomes in a file; its numbers are read once, when the first of them is asked for. */
export function exportPieces({ name, shape, read }: ExportedWeight, form: StoredForm): StreamedPiece[] {
  const [outputs = 0, inputs = 0] = shape;
  switch (form) {
    case "float32":
      return [{ name, dtype: "F32", shape, toBytes: async () => bytesOf((await read()).data) }];
    case "float16":
      return [{ name, dtype: "F16", shape, toBytes: async () => bytesOf(float32ToFloat16((await read()).data)) }];
    case "columns": {
      const made = once<QuantizedColumns>(async () => quantizeColumns((await read()).data, outputs));
      const names = quantizedNames(name, form);
      return [
        { name: names.values, dtype: "I8", shape: [inputs, outputs], toBytes: async () => bytesOf((await made()).values) },
        { name: names.scales, dtype: "F32", shape: [outputs], toBytes: async () => bytesOf((await made()).scales) },
      ];
    }
    case "blocks": {
      const made = once<QuantizedBlocks>(async () => quantizeBlocks((await read()).data, outputs));
      const names = quantizedNames(name, form);
      const blocks = blockCount(inputs);
      return [
        { name: names.values, dtype: "U8", shape: [outputs, blocks, BLOCK_SIZE / 2], toBytes: async () => bytesOf((await made()).values) },
        { name: names.scales, dtype: "F32", shape: [outputs, blocks], toBytes: async () => bytesOf((await made()).scales) },
      ];
    }
    case "rows": {
      const made = once<QuantizedRows>(async () => quantizeRows((await read()).data, outputs));
      return [
        { name, dtype: "I8", shape, toBytes: async () => bytesOf((await made()).values) },
        { name: scaleNameOf(name), dtype: "F32", shape: [outputs], toBytes: async () => bytesOf((await made()).scales) },
      ];
    }
  }
}

/** Made at the first call, handed out at the second and forgotten, as two tensors come of one weight. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    if (made === undefined) return (made = make());
    const known = made;
    made = undefined;
    return known;
  };
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}
