import type { RawImage } from "./embedding-input.ts";

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

/** Fixed-point position of the weights' ones: 8 bits of result and 2 of headroom in 32. */
const PRECISION_BITS = 22;
const HALF = 1 << (PRECISION_BITS - 1);

/** For each result position: the first source position that counts, and the weights from there on. */
interface Weights {
  readonly first: Int32Array;
  readonly length: Int32Array;
  /** [positions, stride], fixed point. */
  readonly values: Int32Array;
  readonly stride: number;
}

function resizeAcross(image: RawImage, target: number, filter: Filter): RawImage {
  const { width, height, data } = image;
  if (width === target) return image;
  const { first, length, values, stride } = filterWeights(width, target, filter);
  const result = new Uint8Array(target * height * 3);
  let to = 0;
  for (let row = 0; row < height; row++) {
    const begin = row * width * 3;
    for (let column = 0; column < target; column++) {
      let from = begin + first[column]! * 3;
      let red = HALF;
      let green = HALF;
      let blue = HALF;
      const end = column * stride + length[column]!;
      for (let tap = column * stride; tap < end; tap++) {
        const weight = values[tap]!;
        red = (red + Math.imul(weight, data[from]!)) | 0;
        green = (green + Math.imul(weight, data[from + 1]!)) | 0;
        blue = (blue + Math.imul(weight, data[from + 2]!)) | 0;
        from += 3;
      }
      result[to] = toByte(red);
      result[to + 1] = toByte(green);
      result[to + 2] = toByte(blue);
      to += 3;
    }
  }
  return { width: target, height, data: result };
}

function resizeDown(image: RawImage, target: number, filter: Filter): RawImage {
  const { width, height, data } = image;
  if (height === target) return image;
  const { first, length, values, stride } = filterWeights(height, target, filter);
  const pitch = width * 3;
  const result = new Uint8Array(target * pitch);
  const sums = new Int32Array(pitch);
  for (let row = 0; row < target; row++) {
    sums.fill(HALF);
    for (let tap = 0; tap < length[row]!; tap++) {
      const weight = values[row * stride + tap]!;
      const from = (first[row]! + tap) * pitch;
      for (let offset = 0; offset < pitch; offset++) sums[offset] = sums[offset]! + Math.imul(weight, data[from + offset]!);
    }
    for (let offset = 0; offset < pitch; offset++) result[row * pitch + offset] = toByte(sums[offset] as number);
  }
  return { width, height: target, data: result };
}

function toByte(fixed: number): number {
  const value = fixed >> PRECISION_BITS;
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

function filterWeights(source: number, target: number, filter: Filter): Weights {
  const scale = source / target;
  const widening = Math.max(scale, 1);
  const support = filter.support * widening;
  const stride = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(target);
  const length = new Int32Array(target);
  const values = new Int32Array(target * stride);
  for (let position = 0; position < target; position++) {
    const center = (position + 0.5) * scale;
    const begin = Math.max(Math.trunc(center - support + 0.5), 0);
    const end = Math.min(Math.trunc(center + support + 0.5), source);
    const weights = Array.from({ length: end - begin }, (_, tap) => filter.weight((tap + begin - center + 0.5) / widening));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    first[position] = begin;
    length[position] = weights.length;
    weights.forEach((weight, tap) => (values[position * stride + tap] = toFixed(weight / sum)));
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
