import type { ImageSize } from "../../../inputs/resize-image.ts";
import { firstSize, LARGEST_SIDE } from "../../multimodal/longest-edge.ts";
import type { ImageProcessorConfig } from "./preprocessor-config.ts";

/** How an image is cut into tiles. */
export interface TileLayout {
  /** The size it is brought to first. */
  readonly resized: ImageSize;
  /** The size it is brought to from there: whole tiles on both sides. */
  readonly whole: ImageSize;
  /** Tiles, each of which is a part of the image; 0 x 0 if one tile shows all of it. Beside them there is always a tile that does. */
  readonly rows: number;
  readonly columns: number;
}

/**
 * How an image of a size is cut: first its longest side is brought to `longestEdge`, then both to whole tiles; without splitting, all of it to one
 * tile, whatever its aspect.
 * @source `Idefics3ImageProcessorPil` of `transformers`.
 */
export function tileLayout(size: ImageSize, settings: ImageProcessorConfig): TileLayout {
  const { tileSize, doImageSplitting } = settings;
  const resized = firstSize(size, settings);
  if (!doImageSplitting) return { resized, whole: { width: tileSize, height: tileSize }, rows: 0, columns: 0 };
  const whole = wholeTiles(resized, tileSize);
  const isOne = whole.width <= tileSize && whole.height <= tileSize;
  return { resized, whole, rows: isOne ? 0 : whole.height / tileSize, columns: isOne ? 0 : whole.width / tileSize };
}

/** Tiles that an image becomes, the one that shows all of it included. */
export function tileCount({ rows, columns }: Pick<TileLayout, "rows" | "columns">): number {
  return rows * columns + 1;
}

/** The longer side becomes a multiple of a tile's, the shorter follows it and becomes one, too. */
function wholeTiles({ width, height }: ImageSize, tileSize: number): ImageSize {
  const aspect = width / height;
  const whole = (side: number): number => Math.ceil(side / tileSize) * tileSize;
  if (width >= height) return { width: whole(width), height: whole(Math.trunc(whole(width) / aspect)) };
  return { width: whole(Math.trunc(whole(height) * aspect)), height: whole(height) };
}

/** The largest size that an image is looked at, in pixels. */
export function mostPixels({ tileSize, longestEdge, doImageSplitting }: ImageProcessorConfig): number {
  return doImageSplitting ? (Math.ceil(Math.min(longestEdge, LARGEST_SIDE) / tileSize) * tileSize) ** 2 : tileSize ** 2;
}
