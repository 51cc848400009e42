import { multiplyDimensions, type Dimension } from "../../engine/graph/dimension.ts";
import { expand, reshape } from "../../engine/graph/operators.ts";
import type { Value } from "../../engine/graph/value.ts";
import type { AttentionPrefix, Decoder } from "../nn/attention-context.ts";
import { mergeHeads, splitHeads } from "../nn/heads.ts";
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
  return mapPrefix(prefix, (tokens) => {
    const [paths, length, width] = tokens.shape as [Dimension, Dimension, Dimension];
    const repeated = expand(reshape(tokens, [paths, 1, length, width]), [paths, batch, length, width]);
    return reshape(repeated, [multiplyDimensions(paths, batch), length, width]);
  });
}

/** The prefixes of all paths side by side, the same for the whole batch: `[N, G, P, W] -> [batch, G, N * P, W]`. */
export function sideBySide(prefix: AttentionPrefix | undefined, batch: Dimension): AttentionPrefix | undefined {
  return mapPrefix(prefix, (tokens) => {
    const [paths, length, width] = tokens.shape as [number, number, Dimension];
    return expand(reshape(tokens, [1, paths * length, width]), [batch, paths * length, width]);
  });
}

/**
 * Keys and values laid out by `lay` as projections lay them, heads side by side: attention reads that in place, and what is turned for it is
 * the parameter, not a copy for every input of the batch.
 */
function mapPrefix(prefix: AttentionPrefix | undefined, lay: (tokens: Value) => Value): AttentionPrefix | undefined {
  if (prefix === undefined) return undefined;
  const each = (x: Value): Value => splitHeads(lay(mergeHeads(x)), x.shape[1] as number, x.shape[3] as number);
  return { keys: each(prefix.keys), values: each(prefix.values) };
}
