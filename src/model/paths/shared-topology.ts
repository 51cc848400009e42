import { addDimensions, type Dimension } from "../../engine/graph/dimension.ts";
import type { GraphBuilder } from "../../engine/graph/graph-builder.ts";
import { boolTensor, type TensorOf } from "../../engine/tensor/tensor.ts";
import { present } from "../../errors/families.ts";
import { concat, expand, iota, less, lessOrEqual, reshape, slice, where } from "../../engine/graph/operators.ts";
import type { Value } from "../../engine/graph/value.ts";
import type { Decoder } from "../nn/attention-context.ts";
import { MASKED } from "../nn/causal-bias.ts";
import type { ParameterSource } from "../nn/parameter-source.ts";
import type { PathConfig } from "./path-config.ts";
import { layerPrefixes, sideBySide } from "./prefixes.ts";
import type { PathInputs, ReadoutInputs } from "./run-paths.ts";

/** Topology `shared`: trunk tokens and all readout tokens run as one sequence; a block mask keeps the paths apart. `[B, N, hidden]` */
export function runSharedPaths(
  parameters: ParameterSource,
  decoder: Decoder,
  config: PathConfig,
  ...[inputs]: readonly [PathInputs & { readonly readoutTokens: number }]
): Value {
  const [batch, tokens] = inputs.hidden.shape as [Dimension, Dimension];
  const readouts = present(inputs.readouts, "readout positions");
  const perPath = inputs.readoutTokens;
  const count = config.count * perPath;
  const learned = parameters.parameter("paths.readout_tokens", [config.count, perPath, decoder.hiddenSize]);
  const placed = expand(reshape(learned, [1, count, decoder.hiddenSize]), [batch, count, decoder.hiddenSize]);
  const context = {
    cosines: concat([inputs.cosines, readouts.cosines], 1),
    sines: concat([inputs.sines, readouts.sines], 1),
    bias: blockBias(parameters.builder, { config, perPath, batch, tokens, readouts }),
  };
  let hidden = concat([inputs.hidden, placed], 1);
  for (let layer = 0; layer < decoder.layerCount; layer++) {
    const prefix = sideBySide(layerPrefixes(parameters, decoder, { config, layer }), batch);
    hidden = decoder.layer(layer, hidden, { ...context, prefix });
  }
  const states = slice(hidden, 1, [tokens, addDimensions(tokens, count)]);
  const grouped = reshape(states, [batch, config.count, perPath, decoder.hiddenSize]);
  const last = slice(grouped, 2, [perPath - 1, perPath]);
  return decoder.norm(reshape(last, [batch, config.count, decoder.hiddenSize]));
}

interface BlockBias {
  readonly config: PathConfig;
  readonly perPath: number;
  readonly batch: Dimension;
  readonly tokens: Dimension;
  readonly readouts: ReadoutInputs;
}

/**
 * `[B, 1, T + R, N·P + T + R]`: a token sees tokens up to itself; a readout sees all real tokens, its path's prefixes and its path's readouts
 * up to itself.
 */
function blockBias(builder: GraphBuilder, { config, perPath, batch, tokens, readouts }: BlockBias): Value {
  const readoutCount = config.count * perPath;
  const prefixCount = config.count * config.prefixLength;
  const rows = addDimensions(tokens, readoutCount);
  const tokenRow = reshape(iota(builder, tokens), [tokens, 1]);
  const tokenColumn = reshape(iota(builder, tokens), [1, tokens]);
  const never = (height: Dimension, width: Dimension): Value => expand(builder.constant(FALSE), [batch, height, width]);
  const overBatch = (seen: Value, height: Dimension, width: Dimension): Value =>
    expand(reshape(seen, [1, height, width]), [batch, height, width]);
  const own = (width: number, visible: (row: number, column: number) => boolean): Value =>
    overBatch(builder.constant(table(readoutCount, width, visible)), readoutCount, width);
  const pathOf = (readout: number): number => Math.floor(readout / perPath);
  const trunk = [never(tokens, prefixCount), overBatch(lessOrEqual(tokenColumn, tokenRow), tokens, tokens), never(tokens, readoutCount)];
  const realTokens = less(reshape(iota(builder, tokens), [1, tokens]), reshape(readouts.lengths, [batch, 1]));
  const read = [
    own(prefixCount, (row, column) => pathOf(row) === Math.floor(column / config.prefixLength)),
    expand(reshape(realTokens, [batch, 1, tokens]), [batch, readoutCount, tokens]),
    own(readoutCount, (row, column) => pathOf(row) === pathOf(column) && column <= row),
  ];
  const withPrefix = prefixCount === 0 ? 1 : 0;
  const seen = concat([concat(trunk.slice(withPrefix), 2), concat(read.slice(withPrefix), 2)], 1);
  return where(reshape(seen, [batch, 1, rows, addDimensions(prefixCount, rows)]), 0, MASKED);
}

const FALSE: TensorOf<"bool"> = boolTensor([1, 1, 1], [false]);

function table(height: number, width: number, visible: (row: number, column: number) => boolean): TensorOf<"bool"> {
  const cells = Array.from({ length: height * width }, (_, at) => visible(Math.floor(at / width), at % width));
  return boolTensor([height, width], cells);
}
