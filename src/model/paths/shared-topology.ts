import { addDimensions, type Dimension } from "../../engine/graph/dimension.ts";
import type { GraphBuilder } from "../../engine/graph/graph-builder.ts";
import { boolTensor, intTensor, type TensorOf } from "../../engine/tensor/tensor.ts";
import { present } from "../../errors/families.ts";
import { add, concat, dimensionValue, expand, iota, less, lessOrEqual, mul, reshape, slice, where } from "../../engine/graph/operators.ts";
import type { Value } from "../../engine/graph/value.ts";
import type { AttentionPrefix, Decoder, SelectedTokens } from "../nn/attention-context.ts";
import { MASKED } from "../nn/causal-bias.ts";
import type { ParameterSource } from "../nn/parameter-source.ts";
import type { PathConfig } from "./path-config.ts";
import { layerPrefixes, sideBySide } from "./prefixes.ts";
import type { PathInputs, ReadoutInputs } from "./path-inputs.ts";

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
  const blocks: Blocks = { config, perPath, batch, tokens, readouts };
  const context = {
    cosines: concat([inputs.cosines, readouts.cosines], 1),
    sines: concat([inputs.sines, readouts.sines], 1),
    bias: blockBias(parameters.builder, blocks),
  };
  const prefix = (layer: number): AttentionPrefix | undefined => sideBySide(layerPrefixes(parameters, decoder, { config, layer }), batch);
  const last = decoder.layerCount - 1;
  let hidden = concat([inputs.hidden, placed], 1);
  for (let layer = 0; layer < last; layer++) {
    hidden = decoder.layer(layer, hidden, { ...context, prefix: prefix(layer) });
    const added = inputs.deep?.[layer];
    if (added !== undefined)
      hidden = concat([add(slice(hidden, 1, [0, tokens]), added), slice(hidden, 1, [tokens, addDimensions(tokens, count)])], 1);
  }
  const selected = lastReadouts(context.bias, blocks);
  return decoder.norm(decoder.lastLayer(hidden, { ...context, prefix: prefix(last) }, selected));
}

/** Each path's last readout token: rows `[B, N]` among the B * (T + R) tokens, and what it sees. */
function lastReadouts(bias: Value, { config, perPath, batch, tokens }: Blocks): SelectedTokens {
  const { builder } = bias;
  const [, , length, keys] = bias.shape as [Dimension, Dimension, Dimension, Dimension];
  const whole = (dimension: Dimension): Value => dimensionValue(builder, dimension, "int32");
  const ends = builder.constant(
    intTensor(
      [1, config.count],
      Array.from({ length: config.count }, (_, path) => (path + 1) * perPath - 1),
    ),
  );
  const firstRows = mul(reshape(iota(builder, batch), [batch, 1]), whole(length));
  const ofReadouts = reshape(slice(bias, 2, [tokens, length]), [batch, config.count, perPath, keys]);
  return {
    rows: add(firstRows, add(ends, whole(tokens))),
    bias: reshape(slice(ofReadouts, 2, [perPath - 1, perPath]), [batch, 1, config.count, keys]),
  };
}

interface Blocks {
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
function blockBias(builder: GraphBuilder, { config, perPath, batch, tokens, readouts }: Blocks): Value {
  const readoutCount = config.count * perPath;
  const prefixCount = config.count * config.prefixLength;
  const rows = addDimensions(tokens, readoutCount);
  const tokenRow = reshape(iota(builder, tokens), [tokens, 1]);
  const tokenColumn = reshape(iota(builder, tokens), [1, tokens]);
  const never = (width: number): Value => expand(builder.constant(FALSE), [1, tokens, width]);
  const causal = reshape(lessOrEqual(tokenColumn, tokenRow), [1, tokens, tokens]);
  const own = (width: number, visible: (row: number, column: number) => boolean): Value =>
    expand(reshape(builder.constant(table(readoutCount, width, visible)), [1, readoutCount, width]), [batch, readoutCount, width]);
  const pathOf = (readout: number): number => Math.floor(readout / perPath);
  const trunk = [never(prefixCount), causal, never(readoutCount)];
  const realTokens = less(reshape(iota(builder, tokens), [1, tokens]), reshape(readouts.lengths, [batch, 1]));
  const read = [
    own(prefixCount, (row, column) => pathOf(row) === Math.floor(column / config.prefixLength)),
    expand(reshape(realTokens, [batch, 1, tokens]), [batch, readoutCount, tokens]),
    own(readoutCount, (row, column) => pathOf(row) === pathOf(column) && column <= row),
  ];
  const withPrefix = prefixCount === 0 ? 1 : 0;
  const keys = addDimensions(prefixCount, rows);
  const seen = concat([expand(concat(trunk.slice(withPrefix), 2), [batch, tokens, keys]), concat(read.slice(withPrefix), 2)], 1);
  return where(reshape(seen, [batch, 1, rows, keys]), 0, MASKED);
}

const FALSE: TensorOf<"bool"> = boolTensor([1, 1, 1], [false]);

function table(height: number, width: number, visible: (row: number, column: number) => boolean): TensorOf<"bool"> {
  const cells = Array.from({ length: height * width }, (_, at) => visible(Math.floor(at / width), at % width));
  return boolTensor([height, width], cells);
}
