import { add, attention, gelu, rotary, slice } from "../../engine/graph/operators.ts";
import type { Value } from "../../engine/graph/value.ts";
import { mergeHeads, splitHeads } from "./heads.ts";
import { namedLayerNorm } from "./layer-norm.ts";
import { linear } from "./linear.ts";
import type { ParameterSource } from "./parameter-source.ts";

/** A block of the vision transformers of Qwen: one projection for queries, keys and values, and a rotary embedding. */
export interface RotaryVisionBlock {
  /** Width of the tower. */
  readonly width: number;
  /** Width of the inner layer. */
  readonly innerWidth: number;
  readonly headCount: number;
  readonly activation: VisionActivation;
  /** Of the norms. */
  readonly epsilon: number;
  /** What the checkpoint calls the two layers of the feed-forward part, within the block: `mlp.fc1`. */
  readonly feedForward: readonly [up: string, down: string];
}

/** As configurations of `transformers` name it. */
export type VisionActivation = "quick_gelu" | "gelu" | "gelu_pytorch_tanh";

/** What a block works on. */
export interface RotaryVisionInputs {
  /** [images, patches, width] */
  readonly hidden: Value;
  /** [images, patches, headWidth / 2] float32. */
  readonly cosines: Value;
  readonly sines: Value;
  /** Added to the scores, [images, 1, 1, patches]; absent if no patch is padding. */
  readonly bias?: Value | undefined;
}

/** `x + attention(norm1(x))`, then `x + feedForward(norm2(x))`: `[images, patches, width]`. Each image attends to itself only. */
export function rotaryVisionBlock(
  parameters: ParameterSource,
  block: RotaryVisionBlock,
  { name, hidden, ...inputs }: RotaryVisionInputs & { readonly name: string },
): Value {
  const { width, innerWidth, epsilon, activation, feedForward } = block;
  const [up, down] = feedForward;
  const first = namedLayerNorm(parameters, hidden, { name: `${name}.norm1`, epsilon });
  const between = add(hidden, visionAttention(parameters, block, { name: `${name}.attn`, hidden: first, ...inputs }));
  const second = namedLayerNorm(parameters, between, { name: `${name}.norm2`, epsilon });
  const raised = linear(parameters, second, { name: `${name}.${up}`, inputs: width, outputs: innerWidth, bias: true });
  const active = gelu(raised, ACTIVATIONS[activation]);
  return add(between, linear(parameters, active, { name: `${name}.${down}`, inputs: innerWidth, outputs: width, bias: true }));
}

const ACTIVATIONS = { quick_gelu: "quick", gelu: "erf", gelu_pytorch_tanh: "tanh" } as const;

function visionAttention(
  parameters: ParameterSource,
  { width, headCount }: RotaryVisionBlock,
  { name, hidden, cosines, sines, bias }: RotaryVisionInputs & { readonly name: string },
): Value {
  const headWidth = width / headCount;
  const merged = linear(parameters, hidden, { name: `${name}.qkv`, inputs: width, outputs: 3 * width, bias: true });
  const part = (at: number): Value => splitHeads(slice(merged, -1, [at * width, (at + 1) * width]), headCount, headWidth);
  const mixed = attention({
    query: rotary(part(0), cosines, sines),
    key: rotary(part(1), cosines, sines),
    value: part(2),
    scale: headWidth ** -0.5,
    ...(bias === undefined ? {} : { bias }),
  });
  return linear(parameters, mergeHeads(mixed), { name: `${name}.proj`, inputs: width, outputs: width, bias: true });
}
