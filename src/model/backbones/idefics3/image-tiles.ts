import { floatTensor, intTensor } from "../../../engine/tensor/tensor.ts";
import type { RawImage } from "../../../inputs/embedding-input.ts";
import { resizeBicubic, resizeLanczos, type ImageSize } from "../../../inputs/resize-image.ts";
import { pixelLevels } from "../../multimodal/pixel-levels.ts";
import type { ImageTensors } from "../../multimodal/token-batch.ts";
import { tileLayout } from "./image-layout.ts";
import { blockwise, tilePositions } from "./patch-positions.ts";
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
  const length = 3 * grid.patchSize ** 2;
  const pixels = new Float32Array(tiles.length * blocks * perBlock * length);
  const levels = pixelLevels(settings);
  const patches = blockwise(grid.perSide, grid.blockSize);
  let to = 0;
  for (const { image, left, top } of tiles) {
    for (const { row, column } of patches) {
      const from = (top + row * grid.patchSize) * image.width + left + column * grid.patchSize;
      to = writePatch({ from: from * 3, pitch: image.width * 3, data: image.data }, { patchSize: grid.patchSize, levels, pixels, to });
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
export function resizeImage(image: RawImage, size: ImageSize, { filter }: Pick<ImageProcessorConfig, "filter">): RawImage {
  return filter === "lanczos" ? resizeLanczos(image, size) : resizeBicubic(image, size);
}

interface PatchSource {
  /** Index of the top left pixel's red. */
  readonly from: number;
  /** Bytes of a row. */
  readonly pitch: number;
  readonly data: Uint8Array;
}

interface PatchTarget {
  readonly patchSize: number;
  readonly levels: Float32Array;
  readonly pixels: Float32Array;
  readonly to: number;
}

/** One patch: channel by channel, row by row. @returns where the next begins. */
function writePatch({ from, pitch, data }: PatchSource, { patchSize, levels, pixels, to }: PatchTarget): number {
  let at = to;
  for (let channel = 0; channel < 3; channel++) {
    for (let row = 0; row < patchSize; row++) {
      let byte = from + row * pitch + channel;
      for (let column = 0; column < patchSize; column++, byte += 3)
        pixels[at++] = levels[(channel << 8) | (data[byte] as number)] as number;
    }
  }
  return at;
}
