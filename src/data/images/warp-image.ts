import type { RawImage } from "../../inputs/embedding-input.ts";
import type { ColourMatrix } from "./colour-matrix.ts";
import { blankImage, type Rgb } from "./drawn-image.ts";

/** How an image is moved: about its centre flipped, scaled, turned, then shifted. */
export interface Placement {
  /** Mirrors left and right. */
  readonly flip: boolean;
  /** Factors of the width and height. */
  readonly scaleX: number;
  readonly scaleY: number;
  /** Radians, clockwise. */
  readonly rotation: number;
  /** Shares of the width and height, right and down. */
  readonly shiftX: number;
  readonly shiftY: number;
}

/**
 * Moves an image and changes its colours in one pass (bilinear); what comes in from outside is `background`. Written out without helpers in the
 * inner loop: it runs for every pixel of every training image.
 * @returns a new image of the same size.
 */
export function warpImage(image: RawImage, placement: Placement, colours: ColourMatrix, background: Rgb): RawImage {
  const padded = padImage(image, background);
  const { width, height } = image;
  const line = padded.width * 3;
  const source = padded.data;
  const out = new Uint8ClampedArray(image.data.length);
  const [a, b, c, d] = inverseOf(placement);
  const [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11] = colours as TwelveNumbers;
  // places in the padded image: one pixel of background on each side, half a pixel to the centre of a pixel
  const centreX = width / 2 + 0.5;
  const centreY = height / 2 + 0.5;
  let target = 0;
  for (let y = 0; y < height; y++) {
    const downward = y + 0.5 - height / 2 - placement.shiftY * height;
    for (let x = 0; x < width; x++) {
      const rightward = x + 0.5 - width / 2 - placement.shiftX * width;
      const sourceX = Math.min(width + 0.999, Math.max(0, a * rightward + b * downward + centreX));
      const sourceY = Math.min(height + 0.999, Math.max(0, c * rightward + d * downward + centreY));
      const left = sourceX | 0;
      const top = sourceY | 0;
      const shareX = sourceX - left;
      const shareY = sourceY - top;
      const upperLeft = (1 - shareX) * (1 - shareY);
      const upperRight = shareX * (1 - shareY);
      const lowerLeft = (1 - shareX) * shareY;
      const lowerRight = shareX * shareY;
      const above = top * line + left * 3;
      const below = above + line;
      const red =
        source[above]! * upperLeft + source[above + 3]! * upperRight + source[below]! * lowerLeft + source[below + 3]! * lowerRight;
      const green =
        source[above + 1]! * upperLeft + source[above + 4]! * upperRight + source[below + 1]! * lowerLeft + source[below + 4]! * lowerRight;
      const blue =
        source[above + 2]! * upperLeft + source[above + 5]! * upperRight + source[below + 2]! * lowerLeft + source[below + 5]! * lowerRight;
      out[target++] = m0 * red + m1 * green + m2 * blue + m3;
      out[target++] = m4 * red + m5 * green + m6 * blue + m7;
      out[target++] = m8 * red + m9 * green + m10 * blue + m11;
    }
  }
  return { width, height, data: new Uint8Array(out.buffer) };
}

type TwelveNumbers = [number, number, number, number, number, number, number, number, number, number, number, number];

/** The image with one pixel of background around it: every place outside then reads the background. */
function padImage(image: RawImage, background: Rgb): RawImage {
  const padded = blankImage(image.width + 2, image.height + 2, background);
  for (let row = 0; row < image.height; row++) {
    const line = image.data.subarray(row * image.width * 3, (row + 1) * image.width * 3);
    padded.data.set(line, ((row + 1) * padded.width + 1) * 3);
  }
  return padded;
}

/** The matrix that leads from a place in the target back to the source. */
function inverseOf({ flip, scaleX, scaleY, rotation }: Placement): [number, number, number, number] {
  const cosine = Math.cos(rotation);
  const sine = Math.sin(rotation);
  const across = (flip ? -1 : 1) / scaleX;
  return [cosine * across, sine * across, -sine / scaleY, cosine / scaleY];
}
