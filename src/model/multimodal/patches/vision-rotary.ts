import { floatTensor, type FloatTensor } from "../../../engine/tensor/tensor.ts";
import { fillTables, inverseFrequencies, type RotaryTables } from "../../nn/rotary-tables.ts";
import { patchPlaces, type PatchGrid, type PatchVisionConfig } from "./patch-grid.ts";

/** Base of the vision tower's rotary embedding. @source Qwen2-VL and Qwen3-VL reference implementations. */
const VISION_THETA = 10_000;

/**
 * Tables of the vision tower: the first quarter of the head's width turns by the patch's row, the second by its column.
 * @param grids Rows and columns of patches of each image. Padded to the longest image. @returns [images, patches, headWidth / 2].
 */
export function visionRotaryTables(
  config: Pick<PatchVisionConfig, "embedDimension" | "headCount" | "spatialMergeSize">,
  grids: readonly PatchGrid[],
): RotaryTables {
  const half = config.embedDimension / config.headCount / 2;
  const frequencies = inverseFrequencies(half / 2, VISION_THETA);
  const longest = Math.max(...grids.map(({ rows, columns }) => rows * columns));
  const kinds = [...new Map(grids.map((grid) => [kindOf(grid), grid])).values()];
  const places = kinds.map((grid) => patchPlaces(grid, config.spatialMergeSize));
  const tables = fillTables([kinds.length, longest, half], (index, pair) => {
    const place = places[Math.floor(index / longest)]?.[index % longest];
    if (place === undefined) return 0;
    return pair < half / 2 ? place[0] * (frequencies[pair] as number) : place[1] * (frequencies[pair - half / 2] as number);
  });
  const order = kinds.map(kindOf);
  const chosen = grids.map((grid) => order.indexOf(kindOf(grid)));
  return { cosines: chooseTables(tables.cosines, chosen), sines: chooseTables(tables.sines, chosen) };
}

/** Images of one kind have the same angles, which are computed once. */
function kindOf({ rows, columns }: PatchGrid): string {
  return `${rows} x ${columns}`;
}

/** The tables of some, one after another: `[kinds, patches, pairs] -> [chosen, patches, pairs]`. */
function chooseTables({ shape, data }: FloatTensor, chosen: readonly number[]): FloatTensor {
  const [, patches, pairs] = shape as readonly [number, number, number];
  const size = patches * pairs;
  const result = new Float32Array(chosen.length * size);
  chosen.forEach((kind, place) => result.set(data.subarray(kind * size, (kind + 1) * size), place * size));
  return floatTensor([chosen.length, patches, pairs], result);
}
