import { intTensor, type IntTensor } from "../../../engine/tensor/tensor.ts";
import { present } from "../../../errors/families.ts";
import type { PatchGrid } from "./vision-rotary.ts";

/** What positions are counted over. */
export interface RopeIndexOptions {
  /** Grids of patches of all images, in the order of their tokens. */
  readonly grids: readonly PatchGrid[];
  readonly imageTokenId: number;
  /** Patches on a side that became one token. */
  readonly mergeSize: number;
}

/**
 * Positions for multimodal rotary embedding: text counts on in all three; an image's tokens share one temporal position and count rows
 * and columns from there; what follows goes on after the larger of the two. Padding has position 0.
 * @param rows token ids, one array per input, unpadded. @param width T. @returns [3, B, T] int32: temporal, height, width.
 * @source `get_rope_index` of the Qwen2-VL reference implementation.
 */
export function ropeIndex(
  rows: readonly ArrayLike<number>[],
  width: number,
  { grids, imageTokenId, mergeSize }: RopeIndexOptions,
): IntTensor {
  const positions = new Int32Array(3 * rows.length * width);
  let image = 0;
  rows.forEach((ids, row) => {
    const put = (token: number, place: readonly [number, number, number]): void => {
      for (let axis = 0; axis < 3; axis++) positions[(axis * rows.length + row) * width + token] = place[axis] as number;
    };
    let next = 0;
    for (let token = 0; token < ids.length;) {
      if (ids[token] !== imageTokenId) {
        put(token++, [next, next, next]);
        next++;
        continue;
      }
      const grid = present(grids[image++], "the grid of an image");
      const [height, columns] = [grid.rows / mergeSize, grid.columns / mergeSize];
      for (let index = 0; index < height * columns; index++) {
        put(token++, [next, next + Math.floor(index / columns), next + (index % columns)]);
      }
      next += Math.max(height, columns);
    }
  });
  return intTensor([3, rows.length, width], positions);
}
