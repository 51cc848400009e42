import { floatTensor, intTensor } from "../../../engine/tensor/tensor.ts";
import type { RawImage } from "../../../inputs/embedding-input.ts";
import { resizeBicubic, resizeLanczos, type ImageSize } from "../../../inputs/resize-image.ts";
import { patchPlaces } from "../../multimodal/patches/patch-grid.ts";
import { pixelLevels } from "../../multimodal/pixel-levels.ts";
import type { ImageTensors } from "../../multimodal/token-batch.ts";
import { writePatch } from "../../multimodal/write-patch.ts";
import { tileLayout } from "./image-layout.ts";
import { tilePositions } from "./patch-positions.ts";
import type { ImageProcessorConfig } from "./preprocessor-config.ts";

/** How a tile's patches lie. */
export interface TileGrid {
  /** Pixels on a side of a patch. */
  readonly patchSize: number;
  /** Patches on a side; pixels behind the last whole one are not looked at. */
  readonly perSide: number;
  /** Patches on a side that become one token. */
  readonly blockSize: number;
  /** Learned positions on a side. */
  readonly places: number;
}

/**
 * Images as the vision tower takes them: all their tiles, one image's after the other's, each image's row by row and then the one that shows all of
 * it; `pixelValues [tiles, blocks, blockSize², 3 * patch * patch]` float32, `patchPositions [blocks, blockSize²]` int32.
 */
export function tileTensors(images: readonly RawImage[], settings: ImageProcessorConfig, grid: TileGrid): ImageTensors {
  const tiles = images.flatMap((image) => imageTiles(image, settings));
  const [blocks, perBlock] = [(grid.perSide / grid.blockSize) ** 2, grid.blockSize ** 2];
  const { patchSize } = grid;
  const length = 3 * patchSize ** 2;
  const pixels = new Float32Array(tiles.length * blocks * perBlock * length);
  const levels = pixelLevels(settings);
  const patches = patchPlaces({ rows: grid.perSide, columns: grid.perSide }, grid.blockSize);
  let to = 0;
  for (const { image, left, top } of tiles) {
    const { data, width } = image;
    for (const [row, column] of patches) {
      const source = { data, width, left: left + column * patchSize, top: top + row * patchSize };
      to = writePatch(source, { patchSize, levels, pixels, to });
    }
  }
  return {
    mode: "uniform",
    inputs: {
      pixelValues: floatTensor([tiles.length, blocks, perBlock, length], pixels),
      patchPositions: intTensor([blocks, perBlock], tilePositions(grid.perSide, grid)),
    },
    featureRows: Int32Array.from({ length: tiles.length * blocks }, (_, row) => row),
  };
}

/** A square of an image. */
interface Tile {
  readonly image: RawImage;
  readonly left: number;
  readonly top: number;
}

/** The tiles of an image, row by row, and the one that shows all of it, which is made from what the others were cut from. */
function imageTiles(image: RawImage, settings: ImageProcessorConfig): Tile[] {
  const { tileSize } = settings;
  const { resized, whole, rows, columns } = tileLayout(image, settings);
  const cut = resizeImage(resizeImage(image, resized, settings), whole, settings);
  const parts = Array.from({ length: rows * columns }, (_, tile) => ({
    image: cut,
    left: (tile % columns) * tileSize,
    top: Math.floor(tile / columns) * tileSize,
  }));
  return [...parts, { image: resizeImage(cut, { width: tileSize, height: tileSize }, settings), left: 0, top: 0 }];
}

/** Resizes as the settings say. */
function resizeImage(image: RawImage, size: ImageSize, { filter }: Pick<ImageProcessorConfig, "filter">): RawImage {
  return filter === "lanczos" ? resizeLanczos(image, size) : resizeBicubic(image, size);
}
