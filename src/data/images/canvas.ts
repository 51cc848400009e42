import type { RawImage } from "../../inputs/embedding-input.ts";
import { invariant } from "../../errors/families.ts";
import { blankImage } from "./drawn-image.ts";
import { resizeImage } from "./resize-image.ts";

/** The four places of a canvas, in reading order. */
export const CANVAS_PLACES = ["top left", "top right", "bottom left", "bottom right"] as const;
/** One of the four places. */
export type CanvasPlace = (typeof CANVAS_PLACES)[number];

/** Puts four square images on a 2 x 2 canvas of `size` x `size` pixels, in reading order. */
export function composeCanvas(images: readonly RawImage[], size: number): RawImage {
  invariant(images.length === CANVAS_PLACES.length, "a canvas holds four drawings");
  const canvas = blankImage(size, size);
  const cell = Math.floor(size / 2);
  for (const [place, image] of images.entries()) {
    const left = (place % 2) * (size - cell);
    const top = Math.floor(place / 2) * (size - cell);
    paste(canvas, resizeImage(image, cell, cell), left, top);
  }
  return canvas;
}

function paste(canvas: RawImage, image: RawImage, left: number, top: number): void {
  for (let row = 0; row < image.height; row++) {
    const line = image.data.subarray(row * image.width * 3, (row + 1) * image.width * 3);
    canvas.data.set(line, ((top + row) * canvas.width + left) * 3);
  }
}
