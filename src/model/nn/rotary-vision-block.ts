import { attention, rotary, slice } from "../../engine/graph/operators.ts";
import type { Value } from "../../engine/graph/value.ts";
import { mergeHeads, splitHeads } from "./heads.ts";
import { linear } from "./linear.ts";
import type { ParameterSource } from "./parameter-source.ts";
import { visionBlock, type VisionBlock, type VisionBlockNames } from "./vision-block.ts";

/** A block of the vision transformers of Qwen: one projection for queries, keys and values, and a rotary embedding. */
export interface RotaryVisionBlock extends VisionBlock {
  /** What the checkpoint calls the two layers of the feed-forward part, within the block: `mlp.fc1`. */
  readonly feedForward: VisionBlockNames["feedForward"];
}

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

/** Runs a block. Each image attends to itself only. */
export function rotaryVisionBlock(
  parameters: ParameterSource,
  block: RotaryVisionBlock,
  { name, hidden, ...inputs }: RotaryVisionInputs & { readonly name: string },
): Value {
  const names: VisionBlockNames = { norms: ["norm1", "norm2"], feedForward: block.feedForward };
  const attend = (normed: Value): Value => visionAttention(parameters, block, { name: `${name}.attn`, hidden: normed, ...inputs });
  return visionBlock(parameters, block, { name, names, hidden, attend });
}

function visionAttention(
  parameters: ParameterSource,
  { width, headCount }: VisionBlock,
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
