import { add, matmul, reshape } from "../../engine/graph/operators.ts";
import type { Value } from "../../engine/graph/value.ts";
import type { ParameterSource } from "./parameter-source.ts";

/** A convolution over patches. */
export interface PatchEmbedding {
  /** Beginning of the names of its weights: `visual.patch_embed.proj`. */
  readonly name: string;
  /** Width of what it gives. */
  readonly width: number;
  /** What a patch is made of, in the order of the kernel: channels, then frames if there are any, rows and columns. */
  readonly patch: readonly number[];
  readonly bias: boolean;
}

/**
 * A convolution whose kernel is as large as its stride: one product per patch, `[.., patches, numbers of a patch] -> [.., patches, width]`. The
 * checkpoint has the kernel's shape.
 */
export function patchEmbedding(parameters: ParameterSource, patches: Value, { name, width, patch, bias }: PatchEmbedding): Value {
  const kernel = parameters.parameter(`${name}.weight`, [width, ...patch]);
  const weight = reshape(kernel, [width, patch.reduce((product, size) => product * size, 1)]);
  const seen = matmul(patches, weight, { transposeB: true });
  return bias ? add(seen, parameters.parameter(`${name}.bias`, [width])) : seen;
}
