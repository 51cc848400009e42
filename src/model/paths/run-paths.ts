import { multiplyDimensions, type Dimension } from "../../engine/graph/dimension.ts";
import { add, dimensionValue, iota, mul, reshape, slice, sub, tile, transpose } from "../../engine/graph/operators.ts";
import type { Value } from "../../engine/graph/value.ts";
import { ConfigError } from "../../errors/families.ts";
import type { AttentionPrefix, Decoder, SelectedTokens } from "../nn/attention-context.ts";
import { causalBias, causalBiasOf } from "../nn/causal-bias.ts";
import type { ParameterSource } from "../nn/parameter-source.ts";
import type { PathConfig } from "./path-config.ts";
import type { PathInputs } from "./path-inputs.ts";
import { alongBatch, layerPrefixes } from "./prefixes.ts";
import { runSharedPaths } from "./shared-topology.ts";

/**
 * Runs the decoder on all paths: path embeddings `[B, N, hidden]`, the last token's final hidden states, not normalised to unit length.
 * @throws {ConfigError} if paths are to begin at a layer that the decoder does not have.
 */
export function runPaths(parameters: ParameterSource, decoder: Decoder, config: PathConfig, ...[inputs]: readonly [PathInputs]): Value {
  const { topology } = config;
  switch (topology.kind) {
    case "parallel":
      return runParallel(parameters, decoder, config, { ...inputs, branchLayer: 0 });
    case "branchLayer":
      return runParallel(parameters, decoder, config, { ...inputs, branchLayer: branchLayerOf(topology, decoder) });
    case "shared":
      return runSharedPaths(parameters, decoder, config, { ...inputs, readoutTokens: topology.readoutTokens });
  }
}

function branchLayerOf({ layer }: { readonly layer: number }, { layerCount }: Decoder): number {
  if (Number.isInteger(layer) && layer >= 0 && layer < layerCount) return layer;
  const expected = `a whole number from 0 to ${layerCount - 1}, a layer of the decoder`;
  throw new ConfigError({
    message: `paths.topology.layer is ${layer}, expected ${expected}`,
    details: { field: "paths.topology.layer", got: layer, expected },
  });
}

/** All tokens' final hidden states without any path: `[B, T, hidden]`. For language modelling and parity checks. */
export function runTrunk(
  decoder: Decoder,
  { hidden, cosines, sines, deep }: Pick<PathInputs, "hidden" | "cosines" | "sines" | "deep">,
): Value {
  const bias = causalBias(hidden.builder, { tokens: hidden.shape[1] as Dimension, prefixLength: 0 });
  let states = hidden;
  for (let layer = 0; layer < decoder.layerCount; layer++) {
    states = addDeep(decoder.layer(layer, states, { cosines, sines, bias }), deep?.[layer]);
  }
  return decoder.norm(states);
}

/** Layers below `branchLayer` run once; from there on each path has a stream, path by path on the batch axis. */
function runParallel(
  parameters: ParameterSource,
  decoder: Decoder,
  config: PathConfig,
  inputs: PathInputs & { branchLayer: number },
): Value {
  const [batch, tokens, width] = inputs.hidden.shape as [Dimension, Dimension, Dimension];
  const { count, prefixLength } = config;
  const last = decoder.layerCount - 1;
  const prefix = (layer: number): AttentionPrefix | undefined => alongBatch(layerPrefixes(parameters, decoder, { config, layer }), batch);
  const trunk = { cosines: inputs.cosines, sines: inputs.sines, bias: causalBias(parameters.builder, { tokens, prefixLength: 0 }) };
  const streams = { cosines: tile(inputs.cosines, 0, count), sines: tile(inputs.sines, 0, count) };
  const bias = causalBias(parameters.builder, { tokens, prefixLength });
  let hidden = inputs.hidden;
  for (let layer = 0; layer < inputs.branchLayer; layer++) {
    hidden = addDeep(decoder.layer(layer, hidden, trunk), inputs.deep?.[layer]);
  }
  hidden = tile(hidden, 0, count);
  for (let layer = inputs.branchLayer; layer < last; layer++) {
    const added = inputs.deep?.[layer];
    hidden = decoder.layer(layer, hidden, { ...streams, bias, prefix: prefix(layer) });
    hidden = addDeep(hidden, added === undefined ? undefined : tile(added, 0, count));
  }
  const pooled = decoder.lastLayer(hidden, { ...streams, prefix: prefix(last) }, lastTokens(inputs, config));
  return decoder.norm(transpose(reshape(pooled, [count, batch, width]), [1, 0, 2]));
}

/** What a layer gives, with what is added at the image tokens. The last layer has none: an input's last token is no image's. */
function addDeep(hidden: Value, added: Value | undefined): Value {
  return added === undefined ? hidden : add(hidden, added);
}

/** Each stream's last token: rows `[N * B, 1]` among its N * B * T tokens, and what it sees. */
function lastTokens({ lastRows, hidden }: PathInputs, { count, prefixLength }: PathConfig): SelectedTokens {
  const { builder } = lastRows;
  const [batch, tokens] = hidden.shape as [Dimension, Dimension];
  const streams = multiplyDimensions(batch, count);
  const firstRows = mul(iota(builder, streams), dimensionValue(builder, tokens, "int32"));
  const places = sub(lastRows, slice(firstRows, 0, [0, batch]));
  const all = reshape(tile(places, 0, count), [streams, 1]);
  return { rows: add(all, reshape(firstRows, [streams, 1])), bias: causalBiasOf(all, { tokens, prefixLength }) };
}
