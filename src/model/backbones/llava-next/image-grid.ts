import type { ImageSize } from "../../../inputs/resize-image.ts";
import type { ImageProcessorConfig } from "./preprocessor-config.ts";

/** How an image is cut: the base image, which is all of it in one tile, and a grid of tiles, of whose patches a rectangle shows the image. */
export interface ImageGrid {
  /** Tiles beside the base image; 0 x 0 if there is only that. */
  readonly tiles: Grid;
  /** The size that the image is resized to, centred on the tiles. */
  readonly fitted: ImageSize;
  /** The patches of all tiles together that are kept: the others show the border around the image. */
  readonly kept: Grid & { readonly top: number; readonly left: number };
}

interface Grid {
  readonly rows: number;
  readonly columns: number;
}

/**
 * How an image of a size is cut.
 * @source Liu et al. 2024, "LLaVA-NeXT: Improved reasoning, OCR, and world knowledge" (AnyRes), and its implementation in `transformers`.
 */
export function imageGrid(size: ImageSize, { tileSize, patchSize, gridPinpoints }: ImageProcessorConfig): ImageGrid {
  const target = bestPinpoint(size, gridPinpoints);
  const tiles = { rows: (target?.height ?? 0) / tileSize, columns: (target?.width ?? 0) / tileSize };
  const perTile = tileSize / patchSize;
  const patches = { rows: tiles.rows * perTile, columns: tiles.columns * perTile };
  return {
    tiles,
    fitted: target === undefined ? { width: 0, height: 0 } : fitInto(size, target),
    kept: target === undefined ? { ...patches, top: 0, left: 0 } : withoutBorder(size, patches),
  };
}

/** The pinpoint that shows most of the image's pixels, of several the one with the least border; undefined if there are no pinpoints. */
function bestPinpoint({ width, height }: ImageSize, pinpoints: readonly ImageSize[]): ImageSize | undefined {
  let best: { readonly pinpoint: ImageSize; readonly shown: number; readonly wasted: number } | undefined;
  for (const pinpoint of pinpoints) {
    const scale = Math.min(pinpoint.width / width, pinpoint.height / height);
    const shown = Math.min(Math.trunc(width * scale) * Math.trunc(height * scale), width * height);
    const wasted = pinpoint.width * pinpoint.height - shown;
    if (best === undefined || shown > best.shown || (shown === best.shown && wasted < best.wasted)) best = { pinpoint, shown, wasted };
  }
  return best?.pinpoint;
}

/** The largest size of the same aspect that fits. */
function fitInto({ width, height }: ImageSize, target: ImageSize): ImageSize {
  const [across, down] = [target.width / width, target.height / height];
  if (across < down) return { width: target.width, height: Math.min(Math.ceil(height * across), target.height) };
  return { width: Math.min(Math.ceil(width * down), target.width), height: target.height };
}

/** Where the image lies among the patches, as far as whole patches tell: the same border is cut on both sides. */
function withoutBorder({ width, height }: ImageSize, { rows, columns }: Grid): ImageGrid["kept"] {
  if (width / height > columns / rows) {
    const top = Math.floor((rows - wholePart(height * (columns / width))) / 2);
    return { rows: rows - 2 * top, columns, top, left: 0 };
  }
  const left = Math.floor((columns - wholePart(width * (rows / height))) / 2);
  return { rows, columns: columns - 2 * left, top: 0, left };
}

/** Without what is behind the point, after what is too small to mean anything was rounded away. */
function wholePart(value: number): number {
  return Math.trunc(Number(value.toFixed(7)));
}

/** How many tokens stand for an image: the base image's patches and those that are kept, each row of them with a newline. */
export function imageTokenCount({ kept }: ImageGrid, { tileSize, patchSize }: ImageProcessorConfig): number {
  return (tileSize / patchSize) ** 2 + kept.rows * (kept.columns + 1);
}

/** Where an image's features lie among those of a batch: rows of a table that has all tiles' patches, and the newline at its end. */
export interface FeaturePlaces {
  /** The base image, which the other tiles follow row by row. */
  readonly firstTile: number;
  readonly newlineRow: number;
}

/** The row of the features for each token of an image: the base image's patches, then the kept ones row by row, each closed by the newline. */
export function imageFeatureRows(
  { tiles, kept }: ImageGrid,
  { tileSize, patchSize }: ImageProcessorConfig,
  { firstTile, newlineRow }: FeaturePlaces,
): number[] {
  const perTile = tileSize / patchSize;
  const rows = Array.from({ length: perTile ** 2 }, (_, patch) => firstTile * perTile ** 2 + patch);
  for (let row = kept.top; row < kept.top + kept.rows; row++) {
    for (let column = kept.left; column < kept.left + kept.columns; column++) {
      const tile = firstTile + 1 + Math.floor(row / perTile) * tiles.columns + Math.floor(column / perTile);
      rows.push((tile * perTile + (row % perTile)) * perTile + (column % perTile));
    }
    rows.push(newlineRow);
  }
  return rows;
}
