import { add, matmul, mul } from "../../engine/graph/operators.ts";
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
  const weight = parameters.parameter(`${name}.weight`, [outputs, inputs]);
  const product = matmul(x, weight, { transposeB: true });
  const shifted = bias ? add(product, parameters.parameter(`${name}.bias`, [outputs])) : product;
  const { lora } = parameters;
  if (lora === undefined || !lora.targetModules.includes(lastPart(name))) return shifted;
  const down = parameters.parameter(`${name}.lora_A.weight`, [lora.rank, inputs]);
  const up = parameters.parameter(`${name}.lora_B.weight`, [outputs, lora.rank]);
  const update = matmul(matmul(x, down, { transposeB: true }), up, { transposeB: true });
  return add(shifted, mul(update, loraScale(lora)));
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}
