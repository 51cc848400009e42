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

/** Cuts one of the four places out of a canvas. */
export function cropCanvas(canvas: RawImage, place: CanvasPlace): RawImage {
  const index = CANVAS_PLACES.indexOf(place);
  const [width, height] = [Math.floor(canvas.width / 2), Math.floor(canvas.height / 2)];
  const left = (index % 2) * (canvas.width - width);
  const top = Math.floor(index / 2) * (canvas.height - height);
  const data = new Uint8Array(width * height * 3);
  for (let row = 0; row < height; row++) {
    const start = ((top + row) * canvas.width + left) * 3;
    data.set(canvas.data.subarray(start, start + width * 3), row * width * 3);
  }
  return { width, height, data };
}

function paste(canvas: RawImage, image: RawImage, left: number, top: number): void {
  for (let row = 0; row < image.height; row++) {
    const line = image.data.subarray(row * image.width * 3, (row + 1) * image.width * 3);
    canvas.data.set(line, ((top + row) * canvas.width + left) * 3);
  }
}
