import { multiplyDimensions, type Dimension } from "../../engine/graph/dimension.ts";
import { expand, reshape } from "../../engine/graph/operators.ts";
import type { Value } from "../../engine/graph/value.ts";
import type { AttentionPrefix, Decoder } from "../nn/attention-context.ts";
import type { ParameterSource } from "../nn/parameter-source.ts";
import type { PathConfig } from "./path-config.ts";

/** A layer's learnable prefixes: keys and values `[N, keyValueHeads, P, headWidth]`; nothing for prefix length 0. */
export function layerPrefixes(parameters: ParameterSource, decoder: Decoder, { config, layer }: PrefixPlace): AttentionPrefix | undefined {
  if (config.prefixLength === 0) return undefined;
  const shape = [config.count, decoder.keyValueHeadCount, config.prefixLength, decoder.headDimension];
  return {
    keys: parameters.parameter(`paths.layers.${layer}.prefix_keys`, shape),
    values: parameters.parameter(`paths.layers.${layer}.prefix_values`, shape),
  };
}

/** Which layer's prefixes of which paths. */
export interface PrefixPlace {
  readonly config: PathConfig;
  readonly layer: number;
}

/** Prefixes laid along the batch axis, path by path: `[N, G, P, W] -> [N * batch, G, P, W]`. */
export function alongBatch(prefix: AttentionPrefix | undefined, batch: Dimension): AttentionPrefix | undefined {
  return prefix && { keys: repeatRows(prefix.keys, batch), values: repeatRows(prefix.values, batch) };
}

/** The prefixes of all paths side by side, the same for the whole batch: `[N, G, P, W] -> [batch, G, N * P, W]`. */
export function sideBySide(prefix: AttentionPrefix | undefined, batch: Dimension): AttentionPrefix | undefined {
  return prefix && { keys: joinPaths(prefix.keys, batch), values: joinPaths(prefix.values, batch) };
}

/** Each of the rows `times` times: `[R, ...] -> [R * times, ...]`. */
function repeatRows(x: Value, times: Dimension): Value {
  const [rows, ...rest] = x.shape as [Dimension, ...Dimension[]];
  return reshape(expand(reshape(x, [rows, 1, ...rest]), [rows, times, ...rest]), [multiplyDimensions(rows, times), ...rest]);
}

function joinPaths(x: Value, batch: Dimension): Value {
  const [paths, heads, length, width] = x.shape as [number, number, number, number];
  const joined = reshape(transposePaths(x), [1, heads, paths * length, width]);
  return expand(joined, [batch, heads, paths * length, width]);
}

function transposePaths(x: Value): Value {
  return x.builder.emit("transpose", [x], { permutation: [1, 0, 2, 3] });
}
