import { floatTensor, intTensor, type FloatTensor, type IntTensor } from "../../../engine/tensor/tensor.ts";
import { patchPlaces, type PatchGrid } from "../../multimodal/patches/patch-grid.ts";
import type { Qwen3VLVisionConfig } from "./config.ts";

/** Learned positions that a patch's own is mixed of: the four around its place. */
export const TAPS = 4;

/** Which learned positions each patch takes, and how much of each. */
export interface PositionTaps {
  /** [images, blocks, patches of a block, TAPS] int32: rows of the learned grid. */
  readonly rows: IntTensor;
  /** As `rows`, float32; 0 at padding. */
  readonly weights: FloatTensor;
}

/**
 * The square grid of learned positions, stretched over each image's patches so that corners meet corners, bilinear in between. Patches in
 * merge-block order, padded to the longest image.
 * @source the Qwen3-VL reference implementation; `interpolate(mode="bilinear", align_corners=True)` of PyTorch.
 */
export function positionTaps(
  { positionsPerSide: side, spatialMergeSize: merge }: Pick<Qwen3VLVisionConfig, "positionsPerSide" | "spatialMergeSize">,
  grids: readonly PatchGrid[],
): PositionTaps {
  const longest = Math.max(...grids.map(({ rows, columns }) => rows * columns));
  const shape = [grids.length, longest / merge ** 2, merge ** 2, TAPS];
  const rows = new Int32Array(grids.length * longest * TAPS);
  const weights = new Float32Array(rows.length);
  grids.forEach((grid, image) => {
    const down = Array.from({ length: grid.rows }, (_, row) => axisTaps(row, { size: grid.rows, side }));
    const across = Array.from({ length: grid.columns }, (_, column) => axisTaps(column, { size: grid.columns, side }));
    patchPlaces(grid, merge).forEach(([row, column], patch) => {
      const pairs = (down[row] as AxisTaps).flatMap((above) => (across[column] as AxisTaps).map((beside) => ({ above, beside })));
      pairs.forEach(({ above, beside }, tap) => {
        const at = (image * longest + patch) * TAPS + tap;
        rows[at] = above.index * side + beside.index;
        weights[at] = above.weight * beside.weight;
      });
    });
  });
  return { rows: intTensor(shape, rows), weights: floatTensor(shape, weights) };
}

interface Tap {
  readonly index: number;
  readonly weight: number;
}

type AxisTaps = readonly [Tap, Tap];

/** The two of `side` positions that place `index` of `size` lies between. */
function axisTaps(index: number, { size, side }: { readonly size: number; readonly side: number }): AxisTaps {
  const place = (index * (side - 1)) / Math.max(size - 1, 1);
  const below = Math.floor(place);
  return [
    { index: below, weight: 1 - (place - below) },
    { index: Math.min(below + 1, side - 1), weight: place - below },
  ];
}
