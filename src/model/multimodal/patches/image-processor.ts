import { floatTensor } from "../../../engine/tensor/tensor.ts";
import { ProcessorError } from "../../../errors/families.ts";
import type { RawImage } from "../../../inputs/embedding-input.ts";
import { resizeBicubic, type ImageSize } from "../../../inputs/resize-image.ts";
import { CLIP_PIXEL_SCALE, pixelLevels, type PixelScale } from "../pixel-levels.ts";
import { writePatch } from "../write-patch.ts";
import type { ImageBatch } from "./image-tensors.ts";
import type { PatchGrid } from "./patch-grid.ts";

/** How pictures become patches: `preprocessor_config.json` with the names of this code. */
export interface ImageProcessorConfig extends PixelScale {
  /** Pixels on a side. */
  readonly patchSize: number;
  /** Frames of a patch; a still image is repeated that often. */
  readonly temporalPatchSize: number;
  /** Patches on a side that become one token. */
  readonly mergeSize: number;
  /** A picture of fewer pixels is enlarged. */
  readonly minPixels: number;
  /** A picture of more pixels is shrunk. */
  readonly maxPixels: number;
  /** Whether pictures may be resized at all; if not, both sides must be multiples of `patchSize * mergeSize`. */
  readonly doResize: boolean;
}

/** Qwen2-VL's, with CLIP's mean and standard deviation: what `transformers` takes for fields that are not there. @source Qwen2-VL reference implementation. */
export const QWEN2_VL_IMAGE_PROCESSOR: ImageProcessorConfig = {
  ...CLIP_PIXEL_SCALE,
  patchSize: 14,
  temporalPatchSize: 2,
  mergeSize: 2,
  minPixels: 56 * 56,
  maxPixels: 28 * 28 * 1280,
  doResize: true,
};

/** What the size of a picture follows from. */
export type PixelLimits = Pick<ImageProcessorConfig, "patchSize" | "mergeSize" | "minPixels" | "maxPixels" | "doResize">;

/** The longest side over the shortest that is still taken. */
const MOST_ELONGATED = 200;

/**
 * The size a picture is resized to: both sides multiples of `patchSize * mergeSize`, as many pixels as allowed, the aspect nearly kept.
 * @throws {ProcessorError} if one side is more than 200 times the other, or resizing is needed and switched off.
 * @source `smart_resize` of the Qwen2-VL reference implementation.
 */
export function smartResize({ width, height }: ImageSize, config: PixelLimits): ImageSize {
  const { minPixels, maxPixels, doResize } = config;
  const factor = config.patchSize * config.mergeSize;
  if (Math.max(width, height) / Math.min(width, height) > MOST_ELONGATED) {
    throw sizeError({ width, height }, `one side is more than ${MOST_ELONGATED} times the other; crop or pad it first`);
  }
  if (!doResize) return checkMultiple({ width, height }, factor);
  const rounded = { width: roundHalfToEven(width / factor) * factor, height: roundHalfToEven(height / factor) * factor };
  const pixels = rounded.width * rounded.height;
  if (pixels > maxPixels) {
    const shrink = Math.sqrt((height * width) / maxPixels);
    const fit = (side: number): number => Math.max(factor, Math.floor(side / shrink / factor) * factor);
    return { width: fit(width), height: fit(height) };
  }
  if (pixels < minPixels) {
    const enlarge = Math.sqrt(minPixels / (height * width));
    const fit = (side: number): number => Math.ceil((side * enlarge) / factor) * factor;
    return { width: fit(width), height: fit(height) };
  }
  return rounded;
}

/** Rows and columns of patches that a picture of a size becomes. @throws {ProcessorError} as {@link smartResize}. */
export function patchGridOf(size: ImageSize, config: ImageProcessorConfig): PatchGrid {
  const { width, height } = smartResize(size, config);
  return { rows: height / config.patchSize, columns: width / config.patchSize };
}

/** How many tokens of the decoder a picture's patches become. */
export function imageTokenCount({ rows, columns }: PatchGrid, { mergeSize }: ImageProcessorConfig): number {
  return (rows * columns) / mergeSize ** 2;
}

/**
 * Pictures to patches: resized if need be, rescaled, normalised, cut block by block (`mergeSize x mergeSize` patches that become one
 * token lie together). @returns `pixelValues` [patches of all images, 3 * temporalPatch * patch * patch] float32.
 * @throws {ProcessorError} as {@link smartResize}. @source `Qwen2VLImageProcessorPil` of `transformers`.
 */
export function imagesToPatches(images: readonly RawImage[], config: ImageProcessorConfig): ImageBatch {
  const grids = images.map((image) => patchGridOf(image, config));
  const patchCount = grids.reduce((sum, { rows, columns }) => sum + rows * columns, 0);
  const width = 3 * config.temporalPatchSize * config.patchSize ** 2;
  const pixels = new Float32Array(patchCount * width);
  const levels = pixelLevels(config);
  let offset = 0;
  for (const image of images) {
    const resized = resizeBicubic(image, smartResize(image, config));
    offset = writePatches(resized, { config, levels, pixels, offset });
  }
  return { pixelValues: floatTensor([patchCount, width], pixels), grids };
}

interface PatchesTarget {
  readonly config: ImageProcessorConfig;
  readonly levels: Float32Array;
  readonly pixels: Float32Array;
  readonly offset: number;
}

function writePatches({ width, height, data }: RawImage, { config, levels, pixels, offset }: PatchesTarget): number {
  const { patchSize, mergeSize, temporalPatchSize: frames } = config;
  const block = patchSize * mergeSize;
  let to = offset;
  for (let blockTop = 0; blockTop < height; blockTop += block) {
    for (let blockLeft = 0; blockLeft < width; blockLeft += block) {
      for (let inBlock = 0; inBlock < mergeSize ** 2; inBlock++) {
        const top = blockTop + Math.floor(inBlock / mergeSize) * patchSize;
        const left = blockLeft + (inBlock % mergeSize) * patchSize;
        to = writePatch({ data, width, left, top }, { patchSize, frames, levels, pixels, to });
      }
    }
  }
  return to;
}

/** Python's `round`: halves go to the even neighbour. */
function roundHalfToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest === 0.5) return below + (below % 2);
  return rest > 0.5 ? below + 1 : below;
}

function checkMultiple(size: ImageSize, factor: number): ImageSize {
  if (size.width % factor === 0 && size.height % factor === 0) return size;
  throw sizeError(size, `both sides must be multiples of ${factor}, as do_resize is off; resize it first or switch it on`);
}

function sizeError({ width, height }: ImageSize, reason: string): ProcessorError {
  return new ProcessorError({
    message: `a picture of ${width} x ${height} pixels cannot be used: ${reason}`,
    details: { width, height, reason },
  });
}
