import { layerNorm } from "../../engine/graph/operators.ts";
import type { Value } from "../../engine/graph/value.ts";
import type { ParameterSource } from "./parameter-source.ts";

/** The norm of a checkpoint, over the last dimension: weights `name.weight` and `name.bias`. */
export function namedLayerNorm(
  parameters: ParameterSource,
  x: Value,
  { name, epsilon }: { readonly name: string; readonly epsilon: number },
): Value {
  const width = x.shape.at(-1) as number;
  const weight = parameters.parameter(`${name}.weight`, [width]);
  return layerNorm(x, { weight, bias: parameters.parameter(`${name}.bias`, [width]), epsilon });
}
