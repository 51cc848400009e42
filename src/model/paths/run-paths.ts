import { multiplyDimensions, shapeSize, type Dimension } from "../../engine/graph/dimension.ts";
import { add, dimensionValue, expand, gather, iota, mul, reshape, tile, transpose } from "../../engine/graph/operators.ts";
import type { Value } from "../../engine/graph/value.ts";
import type { Decoder } from "../nn/attention-context.ts";
import { causalBias } from "../nn/causal-bias.ts";
import type { ParameterSource } from "../nn/parameter-source.ts";
import type { PathConfig } from "./path-config.ts";
import { alongBatch, layerPrefixes } from "./prefixes.ts";
import { runSharedPaths } from "./shared-topology.ts";

/** A batch of embedded tokens on its way through the decoder. */
export interface PathInputs {
  /** [B, T, hidden] float32: tokens and image features, padded on the right. */
  readonly hidden: Value;
  /** [B, T, headWidth / 2] float32. */
  readonly cosines: Value;
  readonly sines: Value;
  /** [B] int32: row of each input's last token among the B * T. */
  readonly lastRows: Value;
  /** What topology `shared` needs beside. */
  readonly readouts?: ReadoutInputs | undefined;
}

/** Where the readout tokens stand. */
export interface ReadoutInputs {
  /** [B] int32: number of tokens of each input. */
  readonly lengths: Value;
  /** [B, N * readoutTokens, headWidth / 2] float32. */
  readonly cosines: Value;
  readonly sines: Value;
}

/** Runs the decoder on all paths: path embeddings `[B, N, hidden]`, the last token's final hidden states, not normalised to unit length. */
export function runPaths(parameters: ParameterSource, decoder: Decoder, config: PathConfig, ...[inputs]: readonly [PathInputs]): Value {
  const { topology } = config;
  switch (topology.kind) {
    case "parallel":
      return runParallel(parameters, decoder, config, { ...inputs, branchLayer: 0 });
    case "branchLayer":
      return runParallel(parameters, decoder, config, { ...inputs, branchLayer: topology.layer });
    case "shared":
      return runSharedPaths(parameters, decoder, config, { ...inputs, readoutTokens: topology.readoutTokens });
  }
}

/** All tokens' final hidden states without any path: `[B, T, hidden]`. For language modelling and parity checks. */
export function runTrunk(decoder: Decoder, { hidden, cosines, sines }: Pick<PathInputs, "hidden" | "cosines" | "sines">): Value {
  const bias = causalBias(hidden.builder, hidden.shape[1] as Dimension, 0);
  let states = hidden;
  for (let layer = 0; layer < decoder.layerCount; layer++) states = decoder.layer(layer, states, { cosines, sines, bias });
  return decoder.norm(states);
}

function runParallel(
  parameters: ParameterSource,
  decoder: Decoder,
  config: PathConfig,
  inputs: PathInputs & { branchLayer: number },
): Value {
  const [batch, tokens] = inputs.hidden.shape as [Dimension, Dimension];
  const { builder } = parameters;
  const trunkBias = inputs.branchLayer > 0 ? causalBias(builder, tokens, 0) : undefined;
  const streams = { cosines: tile(inputs.cosines, 0, config.count), sines: tile(inputs.sines, 0, config.count) };
  const bias = causalBias(builder, tokens, config.prefixLength);
  let hidden = inputs.hidden;
  for (let layer = 0; layer < decoder.layerCount; layer++) {
    if (layer < inputs.branchLayer && trunkBias !== undefined) {
      hidden = decoder.layer(layer, hidden, { cosines: inputs.cosines, sines: inputs.sines, bias: trunkBias });
      continue;
    }
    if (layer === inputs.branchLayer) hidden = tile(hidden, 0, config.count);
    const prefix = alongBatch(layerPrefixes(parameters, decoder, { config, layer }), batch);
    hidden = decoder.layer(layer, hidden, { ...streams, bias, prefix });
  }
  return decoder.norm(lastTokens(hidden, { lastRows: inputs.lastRows, paths: config.count, rows: multiplyDimensions(batch, tokens) }));
}

interface LastTokens {
  readonly lastRows: Value;
  readonly paths: number;
  readonly rows: Dimension;
}

/** `[N * B, T, hidden] -> [B, N, hidden]`: each stream's last token. */
function lastTokens(hidden: Value, { lastRows, paths, rows }: LastTokens): Value {
  const { builder } = hidden;
  const [batch] = lastRows.shape as [Dimension];
  const width = hidden.shape[2] as Dimension;
  const flat = reshape(hidden, [shapeSize(hidden.shape.slice(0, 2)), width]);
  if (paths === 1) return reshape(gather(flat, lastRows), [batch, 1, width]);
  const offsets = mul(reshape(iota(builder, paths), [paths, 1]), dimensionValue(builder, rows, "int32"));
  const all = add(expand(reshape(lastRows, [1, batch]), [paths, batch]), offsets);
  return transpose(gather(flat, all), [1, 0, 2]);
}
