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
  const frame = patchSize ** 2;
  const [green, blue] = [to + frame * frames, to + 2 * frame * frames];
  for (let row = 0, at = 0; row < patchSize; row++) {
    let from = ((top + row) * width + left) * 3;
    for (let column = 0; column < patchSize; column++, at++, from += 3) {
      pixels[to + at] = levels[data[from]!]!;
      pixels[green + at] = levels[256 | data[from + 1]!]!;
      pixels[blue + at] = levels[512 | data[from + 2]!]!;
    }
  }
  for (const begin of frames === 1 ? [] : [to, green, blue]) {
    for (let repeat = 1; repeat < frames; repeat++) pixels.copyWithin(begin + repeat * frame, begin, begin + frame);
  }
  return to + 3 * frame * frames;
}
