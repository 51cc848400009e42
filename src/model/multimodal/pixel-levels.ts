/** How bytes become the numbers that a vision tower sees. */
export interface PixelScale {
  /** What a byte is multiplied with, 1/255; 1 for none. */
  readonly rescaleFactor: number;
  /** Subtracted per channel after rescaling. */
  readonly mean: readonly [number, number, number];
  /** Divided by per channel. */
  readonly standardDeviation: readonly [number, number, number];
}

/** The mean and standard deviation of the pictures that CLIP was trained on. @source Radford et al. 2021, its implementation. */
export const CLIP_PIXEL_SCALE: PixelScale = {
  rescaleFactor: 1 / 255,
  mean: [0.48145466, 0.4578275, 0.40821073],
  standardDeviation: [0.26862954, 0.26130258, 0.27577711],
};

/** The normalised value of each byte in each channel: [3, 256] float32, rounded where the reference implementation rounds. */
export function pixelLevels({ rescaleFactor, mean, standardDeviation }: PixelScale): Float32Array {
  return Float32Array.from({ length: 3 * 256 }, (_, index) => {
    const channel = index >> 8;
    const centred = Math.fround(Math.fround((index & 255) * rescaleFactor) - Math.fround(mean[channel] as number));
    return centred / Math.fround(standardDeviation[channel] as number);
  });
}
