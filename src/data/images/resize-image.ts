import type { RawImage } from "../../inputs/embedding-input.ts";

/** Shrinks or enlarges an image by area averaging (each target pixel is the mean of what it covers): no shimmer when shrinking. */
export function resizeImage(image: RawImage, width: number, height: number): RawImage {
  if (image.width === width && image.height === height) return image;
  const columns = spans(image.width, width);
  const rows = spans(image.height, height);
  const narrow = new Float32Array(image.height * width * 3);
  for (let y = 0; y < image.height; y++) {
    for (const [x, { start, weights }] of columns.entries()) {
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        for (let tap = 0; tap < weights.length; tap++) {
          sum += (weights[tap] as number) * (image.data[(y * image.width + start + tap) * 3 + channel] as number);
        }
        narrow[(y * width + x) * 3 + channel] = sum;
      }
    }
  }
  const data = new Uint8Array(width * height * 3);
  for (const [y, { start, weights }] of rows.entries()) {
    for (let column = 0; column < width * 3; column++) {
      let sum = 0.5;
      for (let tap = 0; tap < weights.length; tap++)
        sum += (weights[tap] as number) * (narrow[(start + tap) * width * 3 + column] as number);
      data[y * width * 3 + column] = sum;
    }
  }
  return { width, height, data };
}

interface Span {
  /** The first source pixel covered. */
  readonly start: number;
  /** The share of the target pixel each covered source pixel makes up; sums to 1. */
  readonly weights: Float32Array;
}

function spans(source: number, target: number): Span[] {
  const scale = source / target;
  return Array.from({ length: target }, (_, place) => {
    const from = place * scale;
    const to = Math.min(source, from + scale);
    const start = Math.floor(from);
    const weights = new Float32Array(Math.max(1, Math.ceil(to - 1e-6) - start));
    for (let tap = 0; tap < weights.length; tap++) weights[tap] = (Math.min(to, start + tap + 1) - Math.max(from, start + tap)) / scale;
    return { start, weights };
  });
}
