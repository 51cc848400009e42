import { z } from "zod";
import { CLIP_PIXEL_SCALE, type PixelScale } from "../pixel-levels.ts";
import { positive, type Fields } from "./fields.ts";

/** The fields of an image processor's configuration that tell how bytes become the numbers that a vision tower sees. */
export interface RawPixelScale {
  readonly do_rescale: boolean;
  readonly rescale_factor: number;
  readonly do_normalize: boolean;
  readonly image_mean: readonly [number, number, number];
  readonly image_std: readonly [number, number, number];
  readonly do_convert_rgb?: true | null | undefined;
}

/** A number for each channel. */
export const channels: z.ZodTuple<[z.ZodNumber, z.ZodNumber, z.ZodNumber], null> = z.tuple([z.number(), z.number(), z.number()]);

/** Its fields, with the mean and standard deviation of CLIP. */
export const pixelScaleFields: Fields<RawPixelScale> = {
  do_rescale: z.boolean().default(true),
  rescale_factor: positive.default(1 / 255),
  do_normalize: z.boolean().default(true),
  image_mean: channels.default([...CLIP_PIXEL_SCALE.mean]),
  image_std: channels.default([...CLIP_PIXEL_SCALE.standardDeviation]),
  do_convert_rgb: z.literal(true).nullish(),
};

/** The same with the names of this code. */
export function toPixelScale(raw: RawPixelScale): PixelScale {
  return {
    rescaleFactor: raw.do_rescale ? raw.rescale_factor : 1,
    mean: raw.do_normalize ? raw.image_mean : [0, 0, 0],
    standardDeviation: raw.do_normalize ? raw.image_std : [1, 1, 1],
  };
}

/** The fields in a `preprocessor_config.json`. */
export function toHuggingFacePixelScale({ rescaleFactor, mean, standardDeviation }: PixelScale): Readonly<Record<string, unknown>> {
  return {
    do_rescale: rescaleFactor !== 1,
    rescale_factor: rescaleFactor,
    do_normalize: true,
    image_mean: [...mean],
    image_std: [...standardDeviation],
  };
}
