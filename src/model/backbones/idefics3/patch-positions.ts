import { patchPlaces } from "../../multimodal/patches/patch-grid.ts";

/** Coordinates stay below this, so that the last patch finds a place. */
const LARGEST_COORDINATE = Math.fround(1 - 1e-6);

/**
 * For each of `count` patches side by side, which of `places` equal parts of the side it begins in. With as many patches as parts it is the patch's
 * own number, but for a few where float32 rounds below the part's border: 12 of 19 begins in the part of 11. (None for the sizes of published models:
 * 26, 27 and 32.) Rounded as the reference implementation does on CPUs.
 * @source `Idefics3VisionEmbeddings` of `transformers`.
 */
export function partsOfPatches(count: number, places: number): Int32Array {
  const borders = partBorders(places);
  const step = Math.fround(1 / count);
  return Int32Array.from({ length: count }, (_, patch) => {
    const coordinate = Math.min(Math.fround(patch * step), LARGEST_COORDINATE);
    return borders.filter((border) => border <= coordinate).length;
  });
}

/** PyTorch fills a range 16 numbers at a time, in two groups of 8 that count from a float32 base, and the rest number by number. */
const [GROUP, RUN] = [8, 16];

/** `arange(1 / places, 1, 1 / places)` in float32, rounded as PyTorch does on CPUs. */
function partBorders(places: number): Float32Array {
  const step = 1 / places;
  const length = Math.ceil((1 - step) / step);
  const grouped = length - (length % RUN);
  return Float32Array.from({ length }, (_, at) => {
    if (at >= grouped) return step + step * at;
    const offset = at % GROUP;
    return Math.fround(step + step * (at - offset)) + step * offset;
  });
}

/**
 * The learned position of each patch of a square tile, block by block (`blockSize x blockSize` patches that become one token lie together).
 * @param perSide patches on a side, a multiple of `blockSize`. @param places positions on a side. @returns [perSide * perSide] int32.
 */
export function tilePositions(perSide: number, { places, blockSize }: { readonly places: number; readonly blockSize: number }): Int32Array {
  const along = partsOfPatches(perSide, places);
  const patches = patchPlaces({ rows: perSide, columns: perSide }, blockSize);
  return Int32Array.from(patches, ([row, column]) => (along[row] as number) * places + (along[column] as number));
}
