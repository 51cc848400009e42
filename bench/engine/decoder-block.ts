import { symbol, type Dimension } from "../../src/engine/graph/dimension.ts";
import { GraphBuilder, type Graph } from "../../src/engine/graph/graph-builder.ts";
import { add, attention, matmul, mul, reduceSum, reshape, rmsNorm, rotary, silu, transpose } from "../../src/engine/graph/operators.ts";
import type { Value } from "../../src/engine/graph/value.ts";
import type { FloatTensor } from "../../src/engine/tensor/tensor.ts";
import { blockWeights, EPSILON, loraWeights, weightName, type BlockSizes } from "./block-sizes.ts";

/** What graph of decoder blocks to build. */
export interface BlockOptions {
  readonly sizes: BlockSizes;
  /** How many blocks one after another, each with weights of its own. */
  readonly layers: number;
  readonly lora: boolean;
  /** Whether the backward pass computes each block again. */
  readonly recompute: boolean;
  /** `y` `[batch, tokens, width]`, or `loss`: the sum of y times the input `target`. */
  readonly output: "y" | "loss";
  /** Weights that are stored in the graph, by name; all others are inputs. */
  readonly constants: ReadonlyMap<string, FloatTensor>;
}

/** Decoder blocks as a graph on `x`, `cos`, `sin`, `bias` and the weights, with symbolic `batch` and `tokens`. */
export function blockGraph(options: BlockOptions): Graph {
  const { sizes, layers, recompute, output } = options;
  const g = new GraphBuilder();
  const [batch, tokens, half] = [symbol("batch"), symbol("tokens"), sizes.width / sizes.heads / 2];
  const x = g.input("x", "float32", [batch, tokens, sizes.width]);
  const tables = [g.input("cos", "float32", [batch, tokens, half]), g.input("sin", "float32", [batch, tokens, half])] as const;
  const bias = g.input("bias", "float32", [1, 1, tokens, tokens]);
  let y = x;
  for (let layer = 0; layer < layers; layer++) {
    const parts = { hidden: y, weights: layerWeights(g, layer, options), tables, bias, sizes };
    const make = (): Value => decoderBlock(parts);
    y = g.scope(`layers.${layer}`, () => (recompute ? g.recompute(make) : make()));
  }
  if (output === "y") return g.finish({ y });
  return g.finish({ loss: reduceSum(mul(y, g.input("target", "float32", [batch, tokens, sizes.width])), [0, 1, 2]) });
}

function layerWeights(g: GraphBuilder, layer: number, { sizes, lora, constants }: BlockOptions): Readonly<Record<string, Value>> {
  const shapes = { ...blockWeights(sizes), ...(lora ? loraWeights(sizes) : {}) };
  const place = ([part, shape]: [string, readonly number[]]): readonly [string, Value] => {
    const name = weightName(layer, part);
    const constant = constants.get(name);
    return [part, constant === undefined ? g.input(name, "float32", shape) : g.constant(constant)];
  };
  return Object.fromEntries(Object.entries(shapes).map(place));
}

interface BlockParts {
  readonly hidden: Value;
  readonly weights: Readonly<Record<string, Value>>;
  readonly tables: readonly [cos: Value, sin: Value];
  readonly bias: Value;
  readonly sizes: BlockSizes;
}

function decoderBlock({ hidden, weights, tables, bias, sizes }: BlockParts): Value {
  const headWidth = sizes.width / sizes.heads;
  const [batch, tokens] = hidden.shape as [Dimension, Dimension, Dimension];
  const weight = (part: string): Value => weights[part] as Value;
  const project = (x: Value, part: string): Value => {
    const base = matmul(x, weight(part));
    const down = weights[`${part}LoraA`];
    return down === undefined ? base : add(base, matmul(matmul(x, down), weight(`${part}LoraB`)));
  };
  const split = (x: Value, heads: number): Value => transpose(reshape(x, [batch, tokens, heads, headWidth]), [0, 2, 1, 3]);
  const normed = rmsNorm(hidden, weight("attentionNorm"), EPSILON);
  const query = rotary(split(project(normed, "query"), sizes.heads), ...tables);
  const key = rotary(split(project(normed, "key"), sizes.keyValueHeads), ...tables);
  const value = split(project(normed, "value"), sizes.keyValueHeads);
  const mixed = attention({ query, key, value, bias, scale: 1 / Math.sqrt(headWidth) });
  const attended = add(hidden, project(reshape(transpose(mixed, [0, 2, 1, 3]), [batch, tokens, sizes.width]), "output"));
  const second = rmsNorm(attended, weight("feedForwardNorm"), EPSILON);
  return add(attended, project(mul(silu(project(second, "gate")), project(second, "up")), "down"));
}
