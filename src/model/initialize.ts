import { floatTensor, sizeOf, type FloatTensor } from "../engine/tensor/tensor.ts";
import { RandomStream } from "../random/random-stream.ts";

/** How fresh weights are drawn. All choices are ours; they were made for small models trained from scratch. */
export interface InitializeOptions {
  readonly seed: number;
  /** Layers of the deepest stack: what is added to the residual stream is drawn `sqrt(2 * layers)` times smaller. */
  readonly layerCount: number;
  /** Standard deviation of the token embeddings. */
  readonly embeddingScale?: number;
  /** Standard deviation of prefix keys and values. */
  readonly prefixScale?: number;
}

/** Draws a weight for every name: the same seed, name and shape give the same numbers whatever else is drawn. */
export function initializeWeights(shapes: ReadonlyMap<string, readonly number[]>, options: InitializeOptions): Map<string, FloatTensor> {
  return new Map([...shapes].map(([name, shape]) => [name, initializeWeight(name, shape, options)]));
}

/** Draws one weight: ones for norms, zeros for biases and what must start without effect, else normal with variance 1 / inputs. */
function initializeWeight(name: string, shape: readonly number[], options: InitializeOptions): FloatTensor {
  const data = new Float32Array(sizeOf(shape));
  if (isNormWeight(name)) return floatTensor(shape, data.fill(1));
  const deviation = standardDeviation(name, shape, options);
  if (deviation === 0) return floatTensor(shape, data);
  return floatTensor(shape, new RandomStream(options.seed, "weight", name).normals(data.length, deviation));
}

const NORM_WEIGHT = /(norm\d?|ln_q)\.weight$/;
const RESIDUAL_WEIGHT = /(o_proj|down_proj|attn\.proj|fc2)\.weight$/;
const ZERO_WEIGHT = /(\.bias|lora_B\.weight|gate\.2\.weight)$/;

function isNormWeight(name: string): boolean {
  return NORM_WEIGHT.test(name);
}

function standardDeviation(name: string, shape: readonly number[], options: InitializeOptions): number {
  const { embeddingScale = 0.05, prefixScale = 1 } = options;
  if (ZERO_WEIGHT.test(name)) return 0;
  if (name.includes(".prefix_")) return prefixScale;
  if (name.endsWith("embed_tokens.weight") || name === "paths.readout_tokens") return embeddingScale;
  const plain = sizeOf(shape.slice(1)) ** -0.5;
  return RESIDUAL_WEIGHT.test(name) ? plain / Math.sqrt(2 * options.layerCount) : plain;
}
