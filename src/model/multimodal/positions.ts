import { intTensor, type IntTensor } from "../../engine/tensor/tensor.ts";
import type { ImageSize } from "../../inputs/resize-image.ts";

/**
 * Gives the tokens of a batch their positions.
 * @param rows token ids, one array per input, unpadded. @param width T. @param images sizes of all images, in the order of their tokens.
 * @returns [axes, B, T] int32; padding has position 0.
 */
export type PositionCounter = (rows: readonly ArrayLike<number>[], width: number, images: readonly ImageSize[]) => IntTensor;

/** Positions one after another, the same on each axis. */
export function countPositions(axes: 1 | 3): PositionCounter {
  return (rows, width) => {
    const one = new Int32Array(rows.length * width);
    rows.forEach((ids, row) => {
      for (let token = 0; token < ids.length; token++) one[row * width + token] = token;
    });
    const all = new Int32Array(axes * one.length);
    for (let axis = 0; axis < axes; axis++) all.set(one, axis * one.length);
    return intTensor([axes, rows.length, width], all);
  };
}
