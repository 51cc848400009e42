import { floatTensor, type FloatTensor } from "../../engine/tensor/tensor.ts";
import type { RotaryConfig } from "./decoder-config.ts";

/** Cosines and sines of rotary angles, half of the head's width each. */
export interface RotaryTables {
  readonly cosines: FloatTensor;
  readonly sines: FloatTensor;
}

/**
 * Tables of a decoder's rotary embedding: pair j turns by `position / theta^(j / pairs)`, the position being that of the pair's axis.
 * @param positions [axes, B, T] row-major. @returns [B, T, headWidth / 2] float32 each.
 * @source Su et al. 2021, "RoFormer"; Wang et al. 2024, "Qwen2-VL", section 2.1 (M-RoPE).
 */
export function decoderRotaryTables(
  { theta, pairAxes }: RotaryConfig,
  positions: Int32Array,
  [batch, tokens]: readonly [number, number],
): RotaryTables {
  const half = pairAxes.length;
  const frequencies = inverseFrequencies(half, theta);
  const rows = batch * tokens;
  return fillTables(
    [batch, tokens, half],
    (row, pair) => (positions[(pairAxes[pair] as number) * rows + row] as number) * (frequencies[pair] as number),
  );
}

/** Angles per unit of position: `theta^(-j / count)`, j from 0. */
export function inverseFrequencies(count: number, theta: number): Float64Array {
  return Float64Array.from({ length: count }, (_, pair) => theta ** (-pair / count));
}

/** Tables of the given shape from the angle of each row and pair. */
export function fillTables(shape: readonly [number, number, number], angle: (row: number, pair: number) => number): RotaryTables {
  const [outer, inner, half] = shape;
  const cosines = new Float32Array(outer * inner * half);
  const sines = new Float32Array(cosines.length);
  for (let row = 0; row < outer * inner; row++) {
    for (let pair = 0; pair < half; pair++) {
      const turned = angle(row, pair);
      cosines[row * half + pair] = Math.cos(turned);
      sines[row * half + pair] = Math.sin(turned);
    }
  }
  return { cosines: floatTensor(shape, cosines), sines: floatTensor(shape, sines) };
}
