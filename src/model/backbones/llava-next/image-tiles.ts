import { floatTensor, type FloatTensor } from "../../../engine/tensor/tensor.ts";
import type { RawImage } from "../../../inputs/embedding-input.ts";
import { resizeBicubic, type ImageSize } from "../../../inputs/resize-image.ts";
import { pixelLevels } from "../../multimodal/pixel-levels.ts";
import type { ImageTensors } from "../../multimodal/token-batch.ts";
import { writePatch, type PatchTarget } from "../../multimodal/write-patch.ts";
import { imageFeatureRows, imageGrid, type ImageGrid } from "./image-grid.ts";
import type { ImageProcessorConfig } from "./preprocessor-config.ts";

/**
 * All tiles of images, patch by patch: `[tiles, patches, 3 * patch * patch]` float32, each image's base image first, then its tiles row by row.
 * @source `LlavaNextImageProcessorPil` of `transformers`.
 */
export function imageTiles(images: readonly RawImage[], settings: ImageProcessorConfig): FloatTensor {
  const { tileSize, patchSize } = settings;
  const tiles = images.flatMap((image) => [baseImage(image, settings), ...gridTiles(image, imageGrid(image, settings), tileSize)]);
  const [patches, length] = [(tileSize / patchSize) ** 2, 3 * patchSize ** 2];
  const pixels = new Float32Array(tiles.length * patches * length);
  const levels = pixelLevels(settings);
  tiles.forEach((tile, at) => writePatches(tile, { patchSize, levels, pixels: pixels.subarray(at * patches * length) }));
  return floatTensor([tiles.length, patches, length], pixels);
}

/** Tiles as one batch, and where each image's features lie. @param sizes of the images that the tiles were cut from. */
export function tileTensors(pixelValues: FloatTensor, sizes: readonly ImageSize[], settings: ImageProcessorConfig): ImageTensors {
  const [tiles, patches] = pixelValues.shape as [number, number];
  let firstTile = 0;
  const rows = sizes.flatMap((size) => {
    const grid = imageGrid(size, settings);
    const places = imageFeatureRows(grid, settings, { firstTile, newlineRow: tiles * patches });
    firstTile += 1 + grid.tiles.rows * grid.tiles.columns;
    return places;
  });
  return { mode: "uniform", inputs: { pixelValues }, featureRows: Int32Array.from(rows) };
}

/** All of an image in one tile, whatever its aspect. */
export function baseImage(image: RawImage, { tileSize }: Pick<ImageProcessorConfig, "tileSize">): RawImage {
  return resizeBicubic(image, { width: tileSize, height: tileSize });
}

/** The tiles of an image, resized and centred on black. */
function gridTiles(image: RawImage, { tiles, fitted }: ImageGrid, tileSize: number): RawImage[] {
  if (tiles.rows === 0) return [];
  const canvas = centre(resizeBicubic(image, fitted), { width: tiles.columns * tileSize, height: tiles.rows * tileSize });
  return Array.from({ length: tiles.rows * tiles.columns }, (_, tile) => {
    const [row, column] = [Math.floor(tile / tiles.columns), tile % tiles.columns];
    return crop(canvas, { top: row * tileSize, left: column * tileSize, size: tileSize });
  });
}

function centre(image: RawImage, { width, height }: ImageSize): RawImage {
  if (image.width === width && image.height === height) return image;
  const data = new Uint8Array(width * height * 3);
  const [top, left] = [Math.floor((height - image.height) / 2), Math.floor((width - image.width) / 2)];
  for (let row = 0; row < image.height; row++) {
    data.set(image.data.subarray(row * image.width * 3, (row + 1) * image.width * 3), ((top + row) * width + left) * 3);
  }
  return { width, height, data };
}

function crop({ width, data }: RawImage, { top, left, size }: { top: number; left: number; size: number }): RawImage {
  const tile = new Uint8Array(size * size * 3);
  for (let row = 0; row < size; row++) {
    const from = ((top + row) * width + left) * 3;
    tile.set(data.subarray(from, from + size * 3), row * size * 3);
  }
  return { width: size, height: size, data: tile };
}

/** A tile's patches, row by row. */
function writePatches({ width, data }: RawImage, target: Omit<PatchTarget, "to">): void {
  const { patchSize } = target;
  let to = 0;
  for (let top = 0; top < width; top += patchSize) {
    for (let left = 0; left < width; left += patchSize) to = writePatch({ data, width, left, top }, { ...target, to });
  }
}
