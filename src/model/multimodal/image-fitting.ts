import type { RawImage } from "../../inputs/embedding-input.ts";
import { resizeBicubic, resizeLanczos } from "../../inputs/resize-image.ts";
import { firstSize, type LongestEdge } from "./longest-edge.ts";
import { smartResize, type PixelLimits } from "./patches/image-processor.ts";

/** How a model brings an image to the size it takes it in: as data, so that another thread can be told. */
export type ImageFitting =
  /** It stays as it is. */
  | { readonly kind: "none" }
  /** All of it in one square, whatever its aspect. */
  | { readonly kind: "square"; readonly side: number }
  /** Multiples of merge blocks. */
  | { readonly kind: "patches"; readonly settings: PixelLimits }
  /** The first of the steps that an image goes through, where it makes the image smaller and would not be taken again: the steps behind it then give what they give for the image itself. */
  | ({ readonly kind: "longest-edge"; readonly filter: "lanczos" | "bicubic" } & LongestEdge);

/** The image as large as the model takes it. @throws {ProcessorError} if its shape cannot be taken. */
export function fitImage(image: RawImage, fitting: ImageFitting): RawImage {
  switch (fitting.kind) {
    case "none":
      return image;
    case "square":
      return resizeBicubic(image, { width: fitting.side, height: fitting.side });
    case "patches":
      return resizeBicubic(image, smartResize(image, fitting.settings));
    case "longest-edge":
      return shrink(image, fitting);
  }
}

function shrink(image: RawImage, { filter, ...edge }: LongestEdge & { readonly filter: "lanczos" | "bicubic" }): RawImage {
  const size = firstSize(image, edge);
  const again = firstSize(size, edge);
  const isSmaller = size.width * size.height < image.width * image.height;
  if (!isSmaller || again.width !== size.width || again.height !== size.height) return image;
  return filter === "lanczos" ? resizeLanczos(image, size) : resizeBicubic(image, size);
}
