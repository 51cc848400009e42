/** Inputs that share a scale. */
export const BLOCK_SIZE = 32;

/** A linear layer's weight in 4-bit numbers, as the kernel wants it: `weight = (level - 8) * scale of its block`. */
export interface QuantizedBlocks {
  /** [outputs, blocks, BLOCK_SIZE / 2] uint8: the first of two levels in the low bits. */
  readonly values: Uint8Array;
  /** [outputs, blocks] float32. */
  readonly scales: Float32Array;
}

/** Blocks of a row of so many inputs; the last may not be full. */
export function blockCount(inputs: number): number {
  return Math.ceil(inputs / BLOCK_SIZE);
}

/**
 * Sixteen levels per block of 32 inputs. The number furthest from 0 becomes level 0, that is -8 scales, exactly; the others are rounded.
 * @param values [outputs, inputs] float32, finite. The error of an element is at most half its block's scale, but for those within half a scale of the
 * furthest one's opposite, which may be off by one.
 */
export function quantizeBlocks(values: Float32Array, outputs: number): QuantizedBlocks {
  const inputs = outputs === 0 ? 0 : values.length / outputs;
  const blocks = blockCount(inputs);
  const levels = new Uint8Array((outputs * blocks * BLOCK_SIZE) / 2).fill(0x88);
  const scales = new Float32Array(outputs * blocks);
  for (let row = 0; row < outputs; row++) {
    for (let block = 0; block < blocks; block++) {
      const begin = row * inputs + block * BLOCK_SIZE;
      const part = values.subarray(begin, Math.min(begin + BLOCK_SIZE, (row + 1) * inputs));
      const scale = Math.fround(furthest(part) / -8);
      scales[row * blocks + block] = scale;
      if (scale !== 0) writeLevels(levels, (row * blocks + block) * (BLOCK_SIZE / 2), part, scale);
    }
  }
  return { values: levels, scales };
}

function furthest(part: Float32Array): number {
  let found = 0;
  for (const value of part) if (Math.abs(value) > Math.abs(found)) found = value;
  return found;
}

function writeLevels(levels: Uint8Array, at: number, part: Float32Array, scale: number): void {
  for (let place = 0; place < part.length; place++) {
    const level = Math.max(0, Math.min(15, Math.floor((part[place] as number) / scale + 8.5)));
    const byte = at + (place >> 1);
    const stored = levels[byte] as number;
    levels[byte] = place % 2 === 0 ? (stored & 0xf0) | level : (stored & 0x0f) | (level << 4);
  }
}

/** The inverse: [outputs, inputs] float32. */
export function dequantizeBlocks({ values, scales }: QuantizedBlocks, [outputs, inputs]: readonly [number, number]): Float32Array {
  const blocks = blockCount(inputs);
  return Float32Array.from({ length: outputs * inputs }, (_, index) => {
    const [row, column] = [Math.floor(index / inputs), index % inputs];
    const block = row * blocks + Math.floor(column / BLOCK_SIZE);
    const byte = values[block * (BLOCK_SIZE / 2) + ((column % BLOCK_SIZE) >> 1)] as number;
    return ((column % 2 === 0 ? byte & 15 : byte >> 4) - 8) * (scales[block] as number);
  });
}
