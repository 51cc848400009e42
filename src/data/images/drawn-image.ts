import type { RawImage } from "../../inputs/embedding-input.ts";

/** A picture on white together with its opacity, so that it can be laid on another background. */
export interface DrawnImage {
  /** [height, width, 3] uint8, composed on white. */
  readonly image: RawImage;
  /** [height, width] uint8, 0 = background. */
  readonly alpha: Uint8Array;
}

/** A colour: red, green, blue, each 0 to 255. */
export type Rgb = readonly [number, number, number];

export const WHITE: Rgb = [255, 255, 255];

/** An image of one colour. */
export function blankImage(width: number, height: number, [red, green, blue]: Rgb = WHITE): RawImage {
  const data = new Uint8Array(width * height * 3);
  for (let offset = 0; offset < data.length; offset += 3) {
    data[offset] = red;
    data[offset + 1] = green;
    data[offset + 2] = blue;
  }
  return { width, height, data };
}

/**
 * Lays a drawing on a colour instead of white: `on_colour = on_white + (1 - opacity) (colour - white)`, exact, for what lies on white is
 * `opacity * own + (1 - opacity) * white`.
 */
export function withBackground({ image, alpha }: DrawnImage, colour: Rgb): RawImage {
  const data = image.data.slice();
  const [red, green, blue] = [colour[0] - 255, colour[1] - 255, colour[2] - 255];
  for (let pixel = 0, offset = 0; pixel < alpha.length; pixel++, offset += 3) {
    const share = (255 - (alpha[pixel] as number)) / 255;
    data[offset] = Math.max(0, (data[offset] as number) + share * red);
    data[offset + 1] = Math.max(0, (data[offset + 1] as number) + share * green);
    data[offset + 2] = Math.max(0, (data[offset + 2] as number) + share * blue);
  }
  return { ...image, data };
}
