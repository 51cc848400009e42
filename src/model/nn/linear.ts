import { BLOCK_SIZE } from "../formats/block-quantization.ts";
import {
  add,
  blockQuantizedMatmul,
  div,
  matmul,
  mul,
  quantizedMatmul,
  reduceSum,
  sqrt,
  square,
  stopGradient,
  sub,
} from "../../engine/graph/operators.ts";
import type { Value } from "../../engine/graph/value.ts";
import { loraLayer, loraScale, loraWeightNames } from "./lora-layers.ts";
import type { ParameterSource } from "./parameter-source.ts";

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
 * `W [outputs, inputs]` as PyTorch stores it, `A [rank, inputs]`, `B [outputs, rank]`. With DoRA, magnitudes m [outputs] beside them:
 * `m / ‖W + scale · B·A‖ · (x·Wᵀ + scale · x·Aᵀ·Bᵀ) + b`, the norm of each row taken as a constant by the gradient.
 * With dropout the adapter sees x̃, x with some numbers left out and the others divided by the share that stays; with DoRA, `x·Wᵀ` counts once by itself and
 * `m / ‖..‖ - 1` times on x̃, as in PEFT.
 * @source Hu et al. 2021, "LoRA"; Liu et al. 2024, "DoRA", section 4.3, and its implementation in PEFT.
 */
export function linear(parameters: ParameterSource, x: Value, { name, inputs, outputs, bias }: LinearOptions): Value {
  const product = weightedSum(parameters, x, { name: `${name}.weight`, shape: [outputs, inputs] });
  const shift = (y: Value): Value => (bias ? add(y, parameters.parameter(`${name}.bias`, [outputs])) : y);
  const { lora } = parameters;
  const layer = loraLayer(lora, name);
  if (lora === undefined || layer === undefined) return shift(product);
  const names = loraWeightNames(name);
  const down = parameters.parameter(names.down, [layer.rank, inputs]);
  const up = parameters.parameter(names.up, [outputs, layer.rank]);
  const scale = loraScale(lora, layer);
  const { seen, share } = adapterInput(parameters, x, name);
  const update = mul(matmul(matmul(seen, down, { transposeB: true }), up, { transposeB: true }), scale / share);
  if (lora.dora !== true) return add(shift(product), update);
  const weight = parameters.parameter(`${name}.weight`, [outputs, inputs]);
  const gain = div(parameters.parameter(names.magnitude, [outputs]), stopGradient(rowNorms(weight, { down, up, scale })));
  if (share === 1) return shift(mul(add(product, update), gain));
  const dropped = mul(matmul(seen, weight, { transposeB: true }), 1 / share);
  return shift(add(add(product, mul(dropped, sub(gain, 1))), mul(update, gain)));
}

interface AdapterInput {
  readonly seen: Value;
  /** Share of the numbers that stays, which what comes of them is to be divided by. */
  readonly share: number;
}

function adapterInput({ dropout }: ParameterSource, x: Value, layer: string): AdapterInput {
  return dropout === undefined ? { seen: x, share: 1 } : { seen: dropout.drop(x, layer), share: 1 - dropout.rate };
}

interface ScaledUpdate {
  readonly down: Value;
  readonly up: Value;
  readonly scale: number;
}

/** `‖W + scale · B·A‖` of each row, [outputs]: `‖w‖² + 2 scale · b·(A·w) + scale² · b·(A·Aᵀ)·b`, so that no matrix of W's size is made. */
function rowNorms(weight: Value, { down, up, scale }: ScaledUpdate): Value {
  const projected = matmul(weight, down, { transposeB: true });
  const gram = matmul(down, down, { transposeB: true });
  const ofUpdate = add(mul(projected, 2 * scale), mul(matmul(up, gram), scale ** 2));
  return sqrt(add(reduceSum(square(weight), [1]), reduceSum(mul(up, ofUpdate), [1])));
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
