import { floatTensor, type FloatTensor } from "../../engine/tensor/tensor.ts";
import { ConfigError } from "../../errors/families.ts";
import type { PathConfig } from "./path-config.ts";

/**
 * The configuration of a trained model that is asked for some of its paths only: it costs what a model of that many paths costs.
 * Its weights are those that {@link selectPathRows} leaves.
 * @param indices which paths, from 0, in the order wanted. @throws {ConfigError} if there is no such path, or none is asked for.
 */
export function selectPaths(config: PathConfig, indices: readonly number[]): PathConfig {
  const wrong = indices.find((index) => !Number.isInteger(index) || index < 0 || index >= config.count);
  const isRepeated = new Set(indices).size < indices.length;
  if (wrong !== undefined || isRepeated || indices.length === 0) {
    const expected = `different paths from 0 to ${config.count - 1}, at least one`;
    const message = `pathIndices: got [${indices.join(", ")}], expected ${expected}`;
    throw new ConfigError({ message, details: { field: "pathIndices", got: indices, expected } });
  }
  return { ...config, count: indices.length, aggregation: indices.length === 1 ? "mean" : config.aggregation };
}

/**
 * What is left of a weight when only some paths are run: their prefixes and readout tokens; of the gate their outputs, so that its weights
 * sum to 1 over them, and their inputs; everything else whole.
 */
export function selectPathRows(name: string, tensor: FloatTensor, indices: readonly number[]): FloatTensor {
  if (name === "paths.gate.0.weight") return selectGateInputs(tensor, indices);
  return PER_PATH.test(name) ? selectRows(tensor, indices) : tensor;
}

const PER_PATH = /^paths\.(layers\.\d+\.prefix_(keys|values)|readout_tokens|gate\.2\.weight)$/;

function selectRows(tensor: FloatTensor, indices: readonly number[]): FloatTensor {
  const [count = 1, ...rest] = tensor.shape;
  if (isAllPaths(indices, count)) return tensor;
  const { data } = tensor;
  const size = data.length / count;
  const rows = new Float32Array(indices.length * size);
  indices.forEach((index, place) => rows.set(data.subarray(index * size, (index + 1) * size), place * size));
  return floatTensor([indices.length, ...rest], rows);
}

/**
 * The gate's first layer `[D, N·D] -> [D, K·D]`. It was trained to see all paths: one that does not run is taken to be the mean of those
 * that do (ours), which makes its block `Wⱼ` a K-th part of every kept one: `Wᵢ + Σⱼ Wⱼ / K`.
 */
function selectGateInputs(tensor: FloatTensor, indices: readonly number[]): FloatTensor {
  const [width = 0, inputs = 0] = tensor.shape;
  const count = inputs / width;
  if (isAllPaths(indices, count)) return tensor;
  const dropped = Array.from({ length: count }, (_, path) => path).filter((path) => !indices.includes(path));
  const kept = new Float32Array(width * indices.length * width);
  for (let row = 0; row < width; row++) {
    const block = (path: number): Float32Array => tensor.data.subarray(row * inputs + path * width, row * inputs + (path + 1) * width);
    const others = dropped.map(block);
    indices.forEach((index, place) => {
      const target = kept.subarray((row * indices.length + place) * width, (row * indices.length + place + 1) * width);
      target.set(block(index));
      for (const other of others) addScaled(target, other, 1 / indices.length);
    });
  }
  return floatTensor([width, indices.length * width], kept);
}

function addScaled(target: Float32Array, values: Float32Array, scale: number): void {
  for (let at = 0; at < target.length; at++) target[at] = (target[at] as number) + (values[at] as number) * scale;
}

function isAllPaths(indices: readonly number[], count: number): boolean {
  return indices.length === count && indices.every((index, place) => index === place);
}
