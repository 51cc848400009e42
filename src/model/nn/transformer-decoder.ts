import { add, attention, concat, mul, rmsNorm, rotary, silu } from "../../engine/graph/operators.ts";
import type { Value } from "../../engine/graph/value.ts";
import type { Decoder, DecoderContext } from "./attention-context.ts";
import { mergeHeads, pickTokens, splitHeads } from "./heads.ts";
import { linear } from "./linear.ts";
import type { ParameterSource } from "./parameter-source.ts";
import { layerBuilder, type RecomputeOptions } from "./recomputed-layers.ts";
import type { DecoderConfig } from "./decoder-config.ts";

/** A decoder whose weights are taken from `parameters` under the checkpoint's names. */
export function transformerDecoder(parameters: ParameterSource, config: DecoderConfig, options: RecomputeOptions = {}): Decoder {
  const { layerCount, hiddenSize, keyValueHeadCount, headDimension } = config;
  const { builder } = parameters;
  const build = layerBuilder(builder, options);
  return {
    layerCount,
    hiddenSize,
    keyValueHeadCount,
    headDimension,
    layer: (index, hidden, { bias, ...context }) => build(() => decoderLayer(parameters, config, { index, hidden, context, bias })),
    lastLayer: (hidden, context, { rows, bias }) =>
      build(() => decoderLayer(parameters, config, { index: layerCount - 1, hidden, context, bias, rows })),
    norm: (hidden) => builder.scope(config.names.norm, () => norm(parameters, config, { name: config.names.norm, hidden })),
  };
}

/**
 * One decoder layer: `[B, T, hidden] -> [B, T, hidden]`, or `[B, R, hidden]` for chosen rows.
 * @source the reference implementations of Llama, Mistral, Qwen2 and Qwen3; prefixes as in ParScale (Chen et al. 2025): before the keys, no rotary.
 */
function decoderLayer(parameters: ParameterSource, config: DecoderConfig, { index, hidden, ...context }: LayerContext): Value {
  const name = `${config.names.layers}.${index}`;
  const { rows } = context;
  return parameters.builder.scope(name, () => {
    const normed = norm(parameters, config, { name: `${name}.input_layernorm`, hidden });
    const residual = rows === undefined ? hidden : pickTokens(hidden, rows);
    const between = add(residual, selfAttention(parameters, config, { name: `${name}.self_attn`, hidden: normed, ...context }));
    const again = norm(parameters, config, { name: `${name}.post_attention_layernorm`, hidden: between });
    return add(between, swiGlu(parameters, config, { name: `${name}.mlp`, hidden: again }));
  });
}

interface LayerContext extends AttentionContext {
  readonly index: number;
  readonly hidden: Value;
}

interface AttentionContext {
  readonly context: Omit<DecoderContext, "bias">;
  /** For the tokens that ask. */
  readonly bias: Value;
  /** [B, R] int32: rows of the tokens that ask; all if not given. */
  readonly rows?: Value | undefined;
}

function norm(parameters: ParameterSource, config: DecoderConfig, { name, hidden }: PartContext): Value {
  return rmsNorm(hidden, parameters.parameter(`${name}.weight`, [config.hiddenSize]), config.rmsNormEpsilon);
}

interface PartContext {
  readonly name: string;
  readonly hidden: Value;
}

function selfAttention(parameters: ParameterSource, config: DecoderConfig, part: PartContext & AttentionContext): Value {
  const { name, hidden, context, bias, rows } = part;
  const { headCount, keyValueHeadCount, headDimension, hiddenSize } = config;
  const project = (x: Value, kind: string, heads: number): Value =>
    splitHeads(
      linear(parameters, x, {
        name: `${name}.${kind}_proj`,
        inputs: hiddenSize,
        outputs: heads * headDimension,
        bias: config.attentionBias,
      }),
      heads,
      headDimension,
    );
  const asking = (x: Value): Value => (rows === undefined ? x : pickTokens(x, rows));
  const normed = (x: Value, kind: string): Value =>
    config.queryKeyNorm ? rmsNorm(x, parameters.parameter(`${name}.${kind}_norm.weight`, [headDimension]), config.rmsNormEpsilon) : x;
  const query = rotary(normed(project(asking(hidden), "q", headCount), "q"), asking(context.cosines), asking(context.sines));
  const keys = rotary(normed(project(hidden, "k", keyValueHeadCount), "k"), context.cosines, context.sines);
  const values = project(hidden, "v", keyValueHeadCount);
  const { prefix } = context;
  const mixed = attention({
    query,
    key: prefix === undefined ? keys : concat([prefix.keys, keys], 2),
    value: prefix === undefined ? values : concat([prefix.values, values], 2),
    bias,
    scale: headDimension ** -0.5,
  });
  return linear(parameters, mergeHeads(mixed), {
    name: `${name}.o_proj`,
    inputs: headCount * headDimension,
    outputs: hiddenSize,
    bias: false,
  });
}

/** `down(silu(gate(x)) * up(x))`. @source Shazeer 2020, "GLU Variants Improve Transformer". */
function swiGlu(parameters: ParameterSource, config: DecoderConfig, { name, hidden }: PartContext): Value {
  const { hiddenSize: outer, intermediateSize: inner } = config;
  const gate = linear(parameters, hidden, { name: `${name}.gate_proj`, inputs: outer, outputs: inner, bias: false });
  const up = linear(parameters, hidden, { name: `${name}.up_proj`, inputs: outer, outputs: inner, bias: false });
  return linear(parameters, mul(silu(gate), up), { name: `${name}.down_proj`, inputs: inner, outputs: outer, bias: false });
}
