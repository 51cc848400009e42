import { add } from "../../engine/graph/operators.ts";
import type { Value } from "../../engine/graph/value.ts";
import { namedLayerNorm } from "./layer-norm.ts";
import { linear } from "./linear.ts";
import type { ParameterSource } from "./parameter-source.ts";
import { activate, type VisionActivation } from "./vision-activation.ts";

/** A block of a vision transformer. */
export interface VisionBlock {
  /** Width of the tower. */
  readonly width: number;
  /** Width of the inner layer. */
  readonly innerWidth: number;
  readonly headCount: number;
  readonly activation: VisionActivation;
  /** Of the norms. */
  readonly epsilon: number;
}

/** What the checkpoint calls the parts of a block, within it. */
export interface VisionBlockNames {
  readonly norms: readonly [first: string, second: string];
  /** `mlp.fc1`, `mlp.fc2` */
  readonly feedForward: readonly [up: string, down: string];
}

/** What a block works on. */
export interface VisionBlockParts {
  readonly name: string;
  readonly names: VisionBlockNames;
  /** [images, tokens, width] */
  readonly hidden: Value;
  /** Attention over the normalised hidden states. */
  readonly attend: (normed: Value) => Value;
}

/** `x + attention(norm1(x))`, then `x + feedForward(norm2(x))`: `[images, tokens, width]`. */
export function visionBlock(parameters: ParameterSource, block: VisionBlock, { name, names, hidden, attend }: VisionBlockParts): Value {
  const { width, innerWidth, epsilon, activation } = block;
  const norm = (x: Value, own: string): Value => namedLayerNorm(parameters, x, { name: `${name}.${own}`, epsilon });
  const layer = (x: Value, own: string, [inputs, outputs]: readonly [number, number]): Value =>
    linear(parameters, x, { name: `${name}.${own}`, inputs, outputs, bias: true });
  const between = add(hidden, attend(norm(hidden, names.norms[0])));
  const raised = layer(norm(between, names.norms[1]), names.feedForward[0], [width, innerWidth]);
  return add(between, layer(activate(raised, activation), names.feedForward[1], [innerWidth, width]));
}
