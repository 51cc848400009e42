import { floatTensor, sizeOf, type FloatTensor } from "../../src/engine/tensor/tensor.ts";
import { RandomStream } from "../../src/random/random-stream.ts";
import { blockWeights, loraWeights, weightName, type BlockSizes } from "./block-sizes.ts";

/** Base of the rotary angles. */
const ROTARY_BASE = 10_000;

/** Added to the scores of keys that a token must not see. */
const UNSEEN = -1e9;

/** Weights of all layers, LoRA matrices too, and the inputs `x`, `target`, `cos`, `sin` and `bias`: the same numbers in every process. */
export function blockTensors(sizes: BlockSizes, layers: number): Map<string, FloatTensor> {
  const tensors = new Map<string, FloatTensor>();
  for (let layer = 0; layer < layers; layer++) {
    for (const [part, shape] of Object.entries({ ...blockWeights(sizes), ...loraWeights(sizes) })) {
      const name = weightName(layer, part);
      tensors.set(name, shape.length === 1 ? drawn(name, shape, { mean: 1, deviation: 0.1 }) : drawnMatrix(name, shape));
    }
  }
  const { batch, tokens, width } = sizes;
  for (const name of ["x", "target"]) tensors.set(name, drawn(name, [batch, tokens, width], { mean: 0, deviation: 1 }));
  tensors.set("cos", rotaryTable(sizes, Math.cos));
  tensors.set("sin", rotaryTable(sizes, Math.sin));
  tensors.set("bias", causalBias(tokens));
  return tensors;
}

/** Such that activations keep their size. */
function drawnMatrix(name: string, shape: readonly number[]): FloatTensor {
  return drawn(name, shape, { mean: 0, deviation: 1 / Math.sqrt(shape[0] as number) });
}

/** Uniform, in the stream of that name. */
function drawn(name: string, shape: readonly number[], { mean, deviation }: { mean: number; deviation: number }): FloatTensor {
  const stream = new RandomStream("decoder block", name);
  const data = new Float32Array(sizeOf(shape));
  const width = deviation * Math.sqrt(12);
  for (let at = 0; at < data.length; at++) data[at] = mean + width * (stream.uniform() - 0.5);
  return floatTensor(shape, data);
}

function rotaryTable({ batch, tokens, width, heads }: BlockSizes, wave: (angle: number) => number): FloatTensor {
  const half = width / heads / 2;
  const table = Float32Array.from({ length: tokens * half }, (_, at) => wave(Math.floor(at / half) * ROTARY_BASE ** (-(at % half) / half)));
  const repeated = new Float32Array(batch * table.length);
  for (let input = 0; input < batch; input++) repeated.set(table, input * table.length);
  return floatTensor([batch, tokens, half], repeated);
}

/** `[1, 1, tokens, tokens]`: 0 where a token may look, {@link UNSEEN} at later ones. */
function causalBias(tokens: number): FloatTensor {
  const data = Float32Array.from({ length: tokens ** 2 }, (_, at) => (at % tokens <= Math.floor(at / tokens) ? 0 : UNSEEN));
  return floatTensor([1, 1, tokens, tokens], data);
}
