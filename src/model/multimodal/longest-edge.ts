import type { ImageSize } from "../../inputs/resize-image.ts";

/** Nothing is made larger than this, in pixels on a side. @source Idefics3 reference implementation. */
export const LARGEST_SIDE = 4096;

/** How an image is brought to a longest edge. */
export interface LongestEdge {
  /** Whether it is. */
  readonly doResize: boolean;
  /** Pixels. */
  readonly longestEdge: number;
}

/** The size that an image is brought to before it is cut. */
export function firstSize(size: ImageSize, { doResize, longestEdge }: LongestEdge): ImageSize {
  return doResize ? withinBound(toLongestEdge(size, longestEdge)) : size;
}

/** The longer side becomes `longest`; the other keeps the aspect, and is made even. */
function toLongestEdge({ width, height }: ImageSize, longest: number): ImageSize {
  const aspect = width / height;
  const shorter = (side: number): number => Math.max(1, Math.trunc(side) + (Math.trunc(side) % 2));
  if (width >= height) return { width: longest, height: shorter(longest / aspect) };
  return { width: shorter(longest * aspect), height: longest };
}

function withinBound({ width, height }: ImageSize): ImageSize {
  const aspect = width / height;
  const shorter = (side: number): number => Math.max(1, Math.trunc(side));
  if (Math.max(width, height) <= LARGEST_SIDE) return { width, height };
  if (width >= height) return { width: LARGEST_SIDE, height: shorter(LARGEST_SIDE / aspect) };
  return { width: shorter(LARGEST_SIDE * aspect), height: LARGEST_SIDE };
}
