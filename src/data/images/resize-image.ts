import type { RawImage } from "../../inputs/embedding-input.ts";

/** Shrinks or enlarges an image by area averaging (each target pixel is the mean of what it covers): no shimmer when shrinking. */
export function resizeImage(image: RawImage, width: number, height: number): RawImage {
  if (image.width === width && image.height === height) return image;
  const narrow = resizeLines(new Float32Array(image.data), {
    lines: image.height,
    from: image.width,
    to: width,
    pixelStep: 3,
    lineStep: image.width * 3,
  });
  const whole = resizeLines(narrow, { lines: width, from: image.height, to: height, pixelStep: width * 3, lineStep: 3 });
  const data = new Uint8Array(width * height * 3);
  for (let offset = 0; offset < data.length; offset++) data[offset] = (whole[offset] as number) + 0.5;
  return { width, height, data };
}

/** Which lines of pixels are resized: rows, or columns. Steps count values. */
interface Lines {
  readonly lines: number;
  /** Pixels of a line before and after. */
  readonly from: number;
  readonly to: number;
  /** From a pixel of a line to the next, and from a line to the next, in the source; in the target lines keep their order. */
  readonly pixelStep: number;
  readonly lineStep: number;
}

/** Resizes every line: the step along the longer of the two strides stays what it is, rows become `to * 3` values long. */
function resizeLines(source: Float32Array, { lines, from, to, pixelStep, lineStep }: Lines): Float32Array {
  const target = new Float32Array(lines * to * 3);
  const targetLineStep = pixelStep === 3 ? to * 3 : lineStep;
  const parts = spans(from, to);
  for (let place = 0; place < to; place++) {
    const { start, weights } = parts[place] as Span;
    const taps = weights.length;
    for (let line = 0; line < lines; line++) {
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let tap = 0, at = line * lineStep + start * pixelStep; tap < taps; tap++, at += pixelStep) {
        const weight = weights[tap]!;
        red += weight * source[at]!;
        green += weight * source[at + 1]!;
        blue += weight * source[at + 2]!;
      }
      const out = line * targetLineStep + place * pixelStep;
      target[out] = red;
      target[out + 1] = green;
      target[out + 2] = blue;
    }
  }
  return target;
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
