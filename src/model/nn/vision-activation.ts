import { gelu } from "../../engine/graph/operators.ts";
import type { Value } from "../../engine/graph/value.ts";

const KINDS = { quick_gelu: "quick", gelu: "erf", gelu_pytorch_tanh: "tanh" } as const;

/** Activation of a vision tower or a projector, as configurations of `transformers` name it. */
export type VisionActivation = keyof typeof KINDS;

/** Applies an activation. */
export function activate(x: Value, activation: VisionActivation): Value {
  return gelu(x, KINDS[activation]);
}
