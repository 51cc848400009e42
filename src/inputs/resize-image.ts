import type { RawImage } from "./embedding-input.ts";
import { PRECISION_BITS, weighAcross, weighDown, type PixelWeights } from "./weigh-pixels.ts";

/** A size in pixels. */
export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

/**
 * Resizes by bicubic convolution (a = -1/2), widened when shrinking so that nothing aliases; across first, then down, rounded to bytes
 * in between; down first where that saves more than twice as many rows as columns. Bit for bit what `resize(size, BICUBIC)` of Pillow 13
 * gives (earlier ones always go across first), which is what image processors in Python use.
 * @source Pillow, `src/libImaging/Resample.c`.
 */
export function resizeBicubic(image: RawImage, size: ImageSize): RawImage {
  return resize(image, size, BICUBIC);
}

/**
 * Resizes with Lanczos' window of three lobes, in all else as {@link resizeBicubic}: what `resize(size, LANCZOS)` of Pillow 13 gives.
 * @source Pillow, `src/libImaging/Resample.c`.
 */
export function resizeLanczos(image: RawImage, size: ImageSize): RawImage {
  return resize(image, size, LANCZOS);
}

/** A curve that pixels are weighed by. */
interface Filter {
  /** The distance from which on nothing counts, in pixels. */
  readonly support: number;
  /** The weight at a distance. */
  readonly weight: (distance: number) => number;
}

function resize(image: RawImage, { width, height }: ImageSize, filter: Filter): RawImage {
  const rowsSaved = image.height - height;
  const isDownFirst = rowsSaved > 0 && rowsSaved > 2 * (image.width - width);
  const across = (source: RawImage): RawImage => resizeAcross(source, width, filter);
  const down = (source: RawImage): RawImage => resizeDown(source, height, filter);
  return isDownFirst ? across(down(image)) : down(across(image));
}

function resizeAcross(image: RawImage, target: number, filter: Filter): RawImage {
  return image.width === target ? image : weighAcross(image, filterWeights(image.width, target, filter));
}

function resizeDown(image: RawImage, target: number, filter: Filter): RawImage {
  return image.height === target ? image : weighDown(image, filterWeights(image.height, target, filter));
}

function filterWeights(source: number, target: number, filter: Filter): PixelWeights {
  const scale = source / target;
  const widening = Math.max(scale, 1);
  const support = filter.support * widening;
  const stride = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(target);
  const length = new Int32Array(target);
  const values = new Int32Array(target * stride);
  const weights = new Float64Array(stride);
  for (let position = 0; position < target; position++) {
    const center = (position + 0.5) * scale;
    const begin = Math.max(Math.trunc(center - support + 0.5), 0);
    const count = Math.min(Math.trunc(center + support + 0.5), source) - begin;
    let sum = 0;
    for (let tap = 0; tap < count; tap++) sum += weights[tap] = filter.weight((tap + begin - center + 0.5) / widening);
    for (let tap = 0; tap < count; tap++) values[position * stride + tap] = toFixed(weights[tap]! / sum);
    first[position] = begin;
    length[position] = count;
  }
  return { first, length, values, stride };
}

function toFixed(weight: number): number {
  return Math.trunc(weight * (1 << PRECISION_BITS) + (weight < 0 ? -0.5 : 0.5));
}

const BICUBIC: Filter = {
  support: 2,
  weight(distance) {
    const x = Math.abs(distance);
    if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0;
  },
};

const LANCZOS: Filter = {
  support: 3,
  weight: (distance) => (distance >= -3 && distance < 3 ? sinc(distance) * sinc(distance / 3) : 0),
};

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI);
}
