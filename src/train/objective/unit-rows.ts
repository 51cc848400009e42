import { floatTensor, type FloatTensor } from "../../engine/tensor/tensor.ts";

/** The tensor's rows (its last axis) brought to unit length, as a copy; rows of zeros stay. */
export function unitRows({ shape, data }: FloatTensor): FloatTensor {
  const width = shape.at(-1) ?? 1;
  const unit = new Float32Array(data.length);
  for (let start = 0; start < data.length; start += width) {
    let power = 0;
    for (let at = start; at < start + width; at++) power += (data[at] as number) ** 2;
    const scale = 1 / Math.sqrt(power + 1e-12);
    for (let at = start; at < start + width; at++) unit[at] = (data[at] as number) * scale;
  }
  return floatTensor(shape, unit);
}
