import { floatTensor, type FloatTensor } from "../../../engine/tensor/tensor.ts";
import type { Qwen2VLConfig, Qwen2VLVisionConfig } from "./config.ts";

/** Base of the vision tower's rotary embedding. @source Qwen2-VL reference implementation. */
const VISION_THETA = 10_000;

/** Cosines and sines of rotary angles, half of the head's width each. */
export interface RotaryTables {
  readonly cosines: FloatTensor;
  readonly sines: FloatTensor;
}

/**
 * Tables of the decoder's multimodal rotary embedding: pair j turns by `position / theta^(2j / headWidth)`, the position being the temporal,
 * height or width one according to the section j falls into.
 * @param positions [3, B, T] row-major: temporal, height, width. @returns [B, T, headWidth / 2] float32 each.
 * @source Wang et al. 2024, "Qwen2-VL", section 2.1 (M-RoPE).
 */
export function decoderRotaryTables(
  config: Qwen2VLConfig,
  positions: Int32Array,
  [batch, tokens]: readonly [number, number],
): RotaryTables {
  const half = config.headDimension / 2;
  const frequencies = inverseFrequencies(half, config.ropeTheta);
  const axes = config.ropeSections.flatMap((length, axis) => Array.from({ length }, () => axis));
  const rows = batch * tokens;
  return fillTables(
    [batch, tokens, half],
    (row, pair) => (positions[(axes[pair] as number) * rows + row] as number) * (frequencies[pair] as number),
  );
}

/**
 * Tables of the vision tower: the first quarter of the head's width turns by the patch's row, the second by its column.
 * @param grids Rows and columns of patches of each image. Padded to the longest image. @returns [images, patches, headWidth / 2].
 */
export function visionRotaryTables(config: Qwen2VLVisionConfig, grids: readonly PatchGrid[]): RotaryTables {
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

/** Patches of one image. */
export interface PatchGrid {
  readonly rows: number;
  readonly columns: number;
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

function inverseFrequencies(count: number, theta: number): Float64Array {
  return Float64Array.from({ length: count }, (_, pair) => theta ** (-pair / count));
}

function fillTables(shape: readonly [number, number, number], angle: (row: number, pair: number) => number): RotaryTables {
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
