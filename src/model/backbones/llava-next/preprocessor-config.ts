import { z } from "zod";
import { ConfigError } from "../../../errors/families.ts";
import { parseConfig } from "../../../files/parse-config.ts";
import type { ImageSize } from "../../../inputs/resize-image.ts";
import { ignored } from "../../multimodal/ignored-fields.ts";
import { CLIP_PIXEL_SCALE, type PixelScale } from "../../multimodal/pixel-levels.ts";
import { LLAVA_NEXT_PINPOINTS } from "./config.ts";

/** How pictures become tiles: `preprocessor_config.json` with the names of this code. */
export interface ImageProcessorConfig extends PixelScale {
  /** Pixels on a side of what the vision tower sees at a time. */
  readonly tileSize: number;
  /** Pixels on a side. */
  readonly patchSize: number;
  /** Sizes in pixels, whole tiles on both sides, one of which an image is fitted into; with none of them, only the base image is looked at. */
  readonly gridPinpoints: readonly ImageSize[];
}

const count = z.number().int().positive();
const channels = z.tuple([z.number(), z.number(), z.number()]);
const box = z.strictObject({ height: count, width: count });

const schema = z.strictObject({
  size: z.union([z.strictObject({ shortest_edge: count }), box]).default({ shortest_edge: 224 }),
  crop_size: z.union([count, box]).nullish(),
  image_grid_pinpoints: z.array(z.tuple([count, count])).nullish(),
  aspect_ratio_setting: z.literal("anyres").optional(),
  resample: z.literal(3).default(3), // bicubic, in Pillow's numbering
  do_rescale: z.boolean().default(true),
  rescale_factor: z
    .number()
    .positive()
    .default(1 / 255),
  do_normalize: z.boolean().default(true),
  image_mean: channels.default([...CLIP_PIXEL_SCALE.mean]),
  image_std: channels.default([...CLIP_PIXEL_SCALE.standardDeviation]),
  do_convert_rgb: z.literal(true).nullish(),
  do_resize: ignored, // tiles have their size before these two would be done
  do_center_crop: ignored,
  do_pad: ignored,
  data_format: ignored,
  default_to_square: ignored,
  device: ignored,
  disable_grouping: ignored,
  feature_extractor_type: ignored,
  image_processor_type: ignored,
  image_seq_length: ignored,
  input_data_format: ignored,
  pad_size: ignored,
  processor_class: ignored,
  return_tensors: ignored,
});

type RawPreprocessor = z.output<typeof schema>;

/**
 * Parses `preprocessor_config.json` of a LLaVA-NeXT model. An empty list of `image_grid_pinpoints` is this code's own: only the base image is
 * looked at. @throws {ConfigError} naming file, field, what is there and what was expected.
 */
export function parsePreprocessorConfig(
  value: unknown,
  { file, patchSize }: { readonly file: string; readonly patchSize: number },
): ImageProcessorConfig {
  const raw = parseConfig(schema, value, { file });
  return {
    tileSize: tileSizeOf(raw, file),
    patchSize,
    gridPinpoints: raw.image_grid_pinpoints?.map(([height, width]) => ({ height, width })) ?? LLAVA_NEXT_PINPOINTS,
    rescaleFactor: raw.do_rescale ? raw.rescale_factor : 1,
    mean: raw.do_normalize ? raw.image_mean : [0, 0, 0],
    standardDeviation: raw.do_normalize ? raw.image_std : [1, 1, 1],
  };
}

/** Tiles are square, and neither resized nor cropped again. */
function tileSizeOf({ size, crop_size: crop }: RawPreprocessor, file: string): number {
  const tileSize = "shortest_edge" in size ? size.shortest_edge : size.height;
  const cropped = typeof crop === "number" ? { height: crop, width: crop } : crop;
  const isSquare = "shortest_edge" in size || size.width === tileSize;
  const isWhole = cropped === undefined || cropped === null || (cropped.height === tileSize && cropped.width === tileSize);
  if (isSquare && isWhole) return tileSize;
  const [field, got] = isSquare ? (["crop_size", crop] as const) : (["size", size] as const);
  const expected = isSquare ? `the size of a tile (${tileSize} x ${tileSize})` : "the same height and width";
  const message = `${file}: ${field} is ${JSON.stringify(got)}, expected ${expected}; correct it`;
  throw new ConfigError({ message, details: { file, field, got, expected } });
}

/** The `preprocessor_config.json` that `transformers` loads. */
export function toHuggingFacePreprocessorConfig(config: ImageProcessorConfig): Readonly<Record<string, unknown>> {
  const { tileSize } = config;
  return {
    image_processor_type: "LlavaNextImageProcessor",
    processor_class: "LlavaNextProcessor",
    do_convert_rgb: true,
    do_resize: true,
    resample: 3,
    size: { shortest_edge: tileSize },
    do_center_crop: true,
    crop_size: { height: tileSize, width: tileSize },
    image_grid_pinpoints: config.gridPinpoints.map(({ height, width }) => [height, width]),
    do_rescale: config.rescaleFactor !== 1,
    rescale_factor: config.rescaleFactor,
    do_normalize: true,
    image_mean: [...config.mean],
    image_std: [...config.standardDeviation],
    do_pad: true,
  };
}
