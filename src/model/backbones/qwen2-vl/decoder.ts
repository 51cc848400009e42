import { add, attention, concat, mul, rmsNorm, rotary, silu } from "../../../engine/graph/operators.ts";
import type { Value } from "../../../engine/graph/value.ts";
import type { Decoder, DecoderContext } from "../../nn/attention-context.ts";
import { mergeHeads, splitHeads } from "../../nn/heads.ts";
import { linear } from "../../nn/linear.ts";
import type { ParameterSource } from "../../nn/parameter-source.ts";
import type { Qwen2VLConfig } from "./config.ts";

/** The decoder of a Qwen2-VL model, its weights taken from `parameters` under the checkpoint's names. */
export function qwen2VLDecoder(parameters: ParameterSource, config: Qwen2VLConfig): Decoder {
  const { layerCount, hiddenSize, keyValueHeadCount, headDimension } = config;
  return {
    layerCount,
    hiddenSize,
    keyValueHeadCount,
    headDimension,
    layer: (index, hidden, context) => decoderLayer(parameters, config, { index, hidden, context }),
    norm: (hidden) => parameters.builder.scope("model.norm", () => norm(parameters, config, { name: "model.norm", hidden })),
  };
}

/**
 * One decoder layer: `[B, T, hidden] -> [B, T, hidden]`.
 * @source Qwen2-VL reference implementation; prefixes as in ParScale (Chen et al. 2025): before the keys, no rotary.
 */
function decoderLayer(parameters: ParameterSource, config: Qwen2VLConfig, { index, hidden, context }: LayerContext): Value {
  const name = `model.layers.${index}`;
  return parameters.builder.scope(name, () => {
    const normed = norm(parameters, config, { name: `${name}.input_layernorm`, hidden });
    const between = add(hidden, selfAttention(parameters, config, { name: `${name}.self_attn`, hidden: normed, context }));
    const again = norm(parameters, config, { name: `${name}.post_attention_layernorm`, hidden: between });
    return add(between, swiGlu(parameters, config, { name: `${name}.mlp`, hidden: again }));
  });
}

interface LayerContext {
  readonly index: number;
  readonly hidden: Value;
  readonly context: DecoderContext;
}

function norm(parameters: ParameterSource, config: Qwen2VLConfig, { name, hidden }: PartContext): Value {
  return rmsNorm(hidden, parameters.parameter(`${name}.weight`, [config.hiddenSize]), config.rmsNormEpsilon);
}

interface PartContext {
  readonly name: string;
  readonly hidden: Value;
}

function selfAttention(
  parameters: ParameterSource,
  config: Qwen2VLConfig,
  part: PartContext & { readonly context: DecoderContext },
): Value {
  const { name, hidden, context } = part;
  const { headCount, keyValueHeadCount, headDimension, hiddenSize } = config;
  const project = (kind: string, heads: number): Value =>
    splitHeads(
      linear(parameters, hidden, { name: `${name}.${kind}_proj`, inputs: hiddenSize, outputs: heads * headDimension, bias: true }),
      heads,
      headDimension,
    );
  const query = rotary(project("q", headCount), context.cosines, context.sines);
  const keys = rotary(project("k", keyValueHeadCount), context.cosines, context.sines);
  const values = project("v", keyValueHeadCount);
  const { prefix } = context;
  const mixed = attention({
    query,
    key: prefix === undefined ? keys : concat([prefix.keys, keys], 2),
    value: prefix === undefined ? values : concat([prefix.values, values], 2),
    bias: context.bias,
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
function swiGlu(parameters: ParameterSource, config: Qwen2VLConfig, { name, hidden }: PartContext): Value {
  const { hiddenSize: outer, intermediateSize: inner } = config;
  const gate = linear(parameters, hidden, { name: `${name}.gate_proj`, inputs: outer, outputs: inner, bias: false });
  const up = linear(parameters, hidden, { name: `${name}.up_proj`, inputs: outer, outputs: inner, bias: false });
  return linear(parameters, mul(silu(gate), up), { name: `${name}.down_proj`, inputs: inner, outputs: outer, bias: false });
}
