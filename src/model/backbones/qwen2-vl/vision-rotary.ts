import { fillTables, inverseFrequencies, type RotaryTables } from "../../nn/rotary-tables.ts";
import type { Qwen2VLVisionConfig } from "./config.ts";

/** Base of the vision tower's rotary embedding. @source Qwen2-VL reference implementation. */
const VISION_THETA = 10_000;

/** Patches of one image. */
export interface PatchGrid {
  readonly rows: number;
  readonly columns: number;
}

/**
 * Tables of the vision tower: the first quarter of the head's width turns by the patch's row, the second by its column.
 * @param grids Rows and columns of patches of each image. Padded to the longest image. @returns [images, patches, headWidth / 2].
 */
export function visionRotaryTables(
  config: Pick<Qwen2VLVisionConfig, "embedDimension" | "headCount" | "spatialMergeSize">,
  grids: readonly PatchGrid[],
): RotaryTables {
  const half = config.embedDimension / config.headCount / 2;
  const frequencies = inverseFrequencies(half / 2, VISION_THETA);
  const longest = Math.max(...grids.map(({ rows, columns }) => rows * columns));
  const places = grids.map((grid) => patchPlaces(grid, config.spatialMergeSize));
  return fillTables([grids.length, longest, half], (index, pair) => {
    const place = places[Math.floor(index / longest)]?.[index % longest];
    if (place === undefined) return 0;
    return pair < half / 2 ? place[0] * (frequencies[pair] as number) : place[1] * (frequencies[pair - half / 2] as number);
  });
}

/** Row and column of each patch, in the order the processor gives them: block by block, `merge x merge` patches a block. */
function patchPlaces({ rows, columns }: PatchGrid, merge: number): (readonly [number, number])[] {
  const places: (readonly [number, number])[] = [];
  for (let blockRow = 0; blockRow < rows; blockRow += merge) {
    for (let blockColumn = 0; blockColumn < columns; blockColumn += merge) {
      for (let row = 0; row < merge; row++) {
        for (let column = 0; column < merge; column++) places.push([blockRow + row, blockColumn + column]);
      }
    }
  }
  return places;
}
