import type { RawImage } from "../../inputs/embedding-input.ts";

/** A square of an image. */
export interface PatchSource extends Pick<RawImage, "data" | "width"> {
  /** Pixels. */
  readonly left: number;
  readonly top: number;
}

/** Where a patch's numbers go, and how. */
export interface PatchTarget {
  /** Pixels on a side. */
  readonly patchSize: number;
  /** How often each channel is repeated; once if not given. */
  readonly frames?: number;
  /** What `pixelLevels` makes. */
  readonly levels: Float32Array;
  readonly pixels: Float32Array;
  /** Where in `pixels` the patch begins. */
  readonly to: number;
}

/** Writes one patch: channel by channel, its frames one after another, row by row. @returns where the next begins. */
export function writePatch({ data, width, left, top }: PatchSource, { patchSize, frames = 1, levels, pixels, to }: PatchTarget): number {
  const pitch = width * 3;
  const frame = patchSize ** 2;
  let at = to;
  for (let channel = 0; channel < 3; channel++) {
    const begin = at;
    for (let row = 0; row < patchSize; row++) {
      let from = (top + row) * pitch + left * 3 + channel;
      for (let column = 0; column < patchSize; column++, from += 3)
        pixels[at++] = levels[(channel << 8) | (data[from] as number)] as number;
    }
    for (let repeat = 1; repeat < frames; repeat++, at += frame) pixels.copyWithin(at, begin, begin + frame);
  }
  return at;
}
