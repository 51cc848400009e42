import { floatTensor, type FloatTensor } from "../../engine/tensor/tensor.ts";
import { ShapeError } from "../../errors/families.ts";
import { loraScale, type LoraConfig } from "./parameter-source.ts";

/** The two factors of a low-rank update. */
export interface LoraFactors {
  /** A [rank, inputs] */
  readonly down: FloatTensor;
  /** B [outputs, rank] */
  readonly up: FloatTensor;
}

/** `W + scale · B·A`: a weight that needs no adapter any more. @param weight [outputs, inputs]. @throws {ShapeError} if the sizes do not fit. */
export function mergeLora(weight: FloatTensor, { down, up }: LoraFactors, lora: LoraConfig): FloatTensor {
  const [outputs = 0, inputs = 0] = weight.shape;
  const [rank = 0] = down.shape;
  if (down.shape[1] !== inputs || up.shape[0] !== outputs || up.shape[1] !== rank) {
    const [got, expected] = [[down.shape, up.shape], [[rank, inputs], [outputs, rank]]]; // prettier-ignore
    throw new ShapeError({
      message: `a low-rank update of shapes ${JSON.stringify(got)} does not fit a weight that needs ${JSON.stringify(expected)}`,
      details: { got, expected },
    });
  }
  const scale = loraScale(lora);
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
