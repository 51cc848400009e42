import { BLOCK_SIZE } from "../formats/block-quantization.ts";
import { add, blockQuantizedMatmul, matmul, mul, quantizedMatmul } from "../../engine/graph/operators.ts";
import type { Value } from "../../engine/graph/value.ts";
import { loraScale, type ParameterSource } from "./parameter-source.ts";

/** A linear layer of a checkpoint. */
export interface LinearOptions {
  /** Name without `.weight`. */
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  readonly bias: boolean;
}

/**
 * `x·Wᵀ + b`, with `scale · x·Aᵀ·Bᵀ` added where the layer has a low-rank adapter. `x [.., inputs] -> [.., outputs]`,
 * `W [outputs, inputs]` as PyTorch stores it, `A [rank, inputs]`, `B [outputs, rank]`.
 */
export function linear(parameters: ParameterSource, x: Value, { name, inputs, outputs, bias }: LinearOptions): Value {
  const product = weightedSum(parameters, x, { name: `${name}.weight`, shape: [outputs, inputs] });
  const shifted = bias ? add(product, parameters.parameter(`${name}.bias`, [outputs])) : product;
  const { lora } = parameters;
  if (lora === undefined || !lora.targetModules.includes(lastPart(name))) return shifted;
  const down = parameters.parameter(`${name}.lora_A.weight`, [lora.rank, inputs]);
  const up = parameters.parameter(`${name}.lora_B.weight`, [outputs, lora.rank]);
  const update = matmul(matmul(x, down, { transposeB: true }), up, { transposeB: true });
  return add(shifted, mul(update, loraScale(lora)));
}

interface NamedMatrix {
  readonly name: string;
  /** [outputs, inputs] */
  readonly shape: readonly [number, number];
}

/** `x·Wᵀ`, in bytes where the weight is held so. */
function weightedSum(parameters: ParameterSource, x: Value, { name, shape }: NamedMatrix): Value {
  const quantized = parameters.quantized?.(name, shape);
  if (quantized?.layout === "columns") return quantizedMatmul(x, quantized.values, quantized.scales);
  if (quantized?.layout === "blocks") return blockQuantizedMatmul(x, quantized, { inner: shape[1], blockSize: BLOCK_SIZE });
  return matmul(x, parameters.parameter(name, shape), { transposeB: true });
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}
