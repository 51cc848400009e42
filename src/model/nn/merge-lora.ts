import { floatTensor, type FloatTensor } from "../../engine/tensor/tensor.ts";
import { ShapeError } from "../../errors/families.ts";
import { adaptedLayer, loraLayer, loraScale, loraWeightNames } from "./lora-layers.ts";
import type { LoraConfig } from "./parameter-source.ts";

/** The weights of a layer's adapter. */
export interface LoraFactors {
  /** A [rank, inputs] */
  readonly down: FloatTensor;
  /** B [outputs, rank] */
  readonly up: FloatTensor;
  /** m [outputs], of DoRA. */
  readonly magnitude?: FloatTensor;
}

/**
 * `W + scale · B·A`, with DoRA `m · (W + scale · B·A) / ‖W + scale · B·A‖` by rows: a weight that needs no adapter any more.
 * @param weight [outputs, inputs]. @throws {ShapeError} if the sizes do not fit.
 */
export function mergeLora(weight: FloatTensor, factors: LoraFactors, scale: number): FloatTensor {
  const updated = addUpdate(weight, factors, scale);
  const { magnitude } = factors;
  if (magnitude === undefined) return updated;
  const norms = rowNorms(updated);
  return scaleRows(updated, (row) => (magnitude.data[row] as number) / (norms[row] as number));
}

/** Reads a weight with its adapter merged into it, if it has one. @param name in graphs. */
export async function readMerged(
  name: string,
  lora: LoraConfig | undefined,
  read: (name: string) => Promise<FloatTensor>,
): Promise<FloatTensor> {
  const layer = name.endsWith(WEIGHT) ? name.slice(0, -WEIGHT.length) : name;
  const adapter = layer === name ? undefined : loraLayer(lora, layer);
  if (lora === undefined || adapter === undefined) return read(name);
  const names = loraWeightNames(layer);
  const [weight, down, up] = await Promise.all([read(name), read(names.down), read(names.up)]);
  const magnitude = lora.dora === true ? { magnitude: await read(names.magnitude) } : {};
  return mergeLora(weight, { down, up, ...magnitude }, loraScale(lora, adapter));
}

/**
 * Magnitudes of DoRA with which adapters change nothing yet: `‖W + scale · B·A‖` by rows.
 * @param names weights, of which those that are magnitudes are made. @param read gives a layer's weight and the factors of its adapter.
 */
export async function initialMagnitudes(
  names: Iterable<string>,
  lora: LoraConfig,
  read: (name: string) => Promise<FloatTensor>,
): Promise<Map<string, FloatTensor>> {
  const made = new Map<string, FloatTensor>();
  for (const name of names) {
    const layer = adaptedLayer(name);
    const adapter = layer === undefined ? undefined : loraLayer(lora, layer);
    if (layer === undefined || adapter === undefined || loraWeightNames(layer).magnitude !== name) continue;
    const { down, up } = loraWeightNames(layer);
    const [weight, a, b] = await Promise.all([read(`${layer}${WEIGHT}`), read(down), read(up)]);
    const norms = rowNorms(addUpdate(weight, { down: a, up: b }, loraScale(lora, adapter)));
    made.set(name, floatTensor([norms.length], norms));
  }
  return made;
}

const WEIGHT = ".weight";

function addUpdate(weight: FloatTensor, { down, up, magnitude }: LoraFactors, scale: number): FloatTensor {
  const [outputs = 0, inputs = 0] = weight.shape;
  const [rank = 0] = down.shape;
  const fits = down.shape[1] === inputs && up.shape[0] === outputs && up.shape[1] === rank;
  if (!fits || (magnitude !== undefined && magnitude.data.length !== outputs)) {
    const got = [down.shape, up.shape, ...(magnitude === undefined ? [] : [magnitude.shape])];
    const expected = [[rank, inputs], [outputs, rank], ...(magnitude === undefined ? [] : [[outputs]])]; // prettier-ignore
    throw new ShapeError({
      message: `a low-rank update of shapes ${JSON.stringify(got)} does not fit a weight that needs ${JSON.stringify(expected)}`,
      details: { got, expected },
    });
  }
  const merged = Float32Array.from(weight.data);
  for (let row = 0; row < outputs; row++) {
    const target = merged.subarray(row * inputs, (row + 1) * inputs);
    for (let inner = 0; inner < rank; inner++) {
      const factor = scale * (up.data[row * rank + inner] as number);
      const source = down.data.subarray(inner * inputs, (inner + 1) * inputs);
      for (let column = 0; column < inputs; column++) target[column] = (target[column] as number) + factor * (source[column] as number);
    }
  }
  return floatTensor(weight.shape, merged);
}

/** Euclidean norm of each row. */
function rowNorms({ shape: [rows = 0, columns = 0], data }: FloatTensor): Float32Array {
  return Float32Array.from({ length: rows }, (_, row) => {
    let sum = 0;
    for (const value of data.subarray(row * columns, (row + 1) * columns)) sum += value * value;
    return Math.sqrt(sum);
  });
}

function scaleRows({ shape, data }: FloatTensor, factorOf: (row: number) => number): FloatTensor {
  const [rows = 0, columns = 0] = shape;
  for (let row = 0; row < rows; row++) {
    const factor = factorOf(row);
    for (let at = row * columns; at < (row + 1) * columns; at++) data[at] = (data[at] as number) * factor;
  }
  return floatTensor(shape, data);
}
