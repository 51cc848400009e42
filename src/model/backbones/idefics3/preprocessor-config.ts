import { z } from "zod";
import { parseConfig } from "../../../files/parse-config.ts";
import { ignored } from "../../multimodal/ignored-fields.ts";
import type { PixelScale } from "../../multimodal/pixel-levels.ts";

/** How pictures become tiles: `preprocessor_config.json` with the names of this code. */
export interface ImageProcessorConfig extends PixelScale {
  /** Whether the longer side is brought to `longestEdge` first. */
  readonly doResize: boolean;
  /** Pixels. */
  readonly longestEdge: number;
  /** Whether an image larger than a tile is cut into tiles; if not, one tile shows it. */
  readonly doImageSplitting: boolean;
  /** Pixels on a side of what the vision tower sees at a time. */
  readonly tileSize: number;
  readonly filter: "lanczos" | "bicubic";
}

/** In Pillow's numbering. */
const FILTERS = { 1: "lanczos", 3: "bicubic" } as const;

const count = z.number().int().positive();
const channels = z.tuple([z.number(), z.number(), z.number()]);
const none = z.null().optional();
const longestEdge = z.strictObject({
  longest_edge: count,
  shortest_edge: none,
  height: none,
  width: none,
  max_height: none,
  max_width: none,
});

const schema = z.strictObject({
  do_resize: z.boolean().default(true),
  size: longestEdge.default({ longest_edge: 4 * 364 }),
  do_image_splitting: z.boolean().default(true),
  max_image_size: longestEdge.default({ longest_edge: 364 }),
  resample: z.union([z.literal(1), z.literal(3)]).default(1),
  do_rescale: z.boolean().default(true),
  rescale_factor: z
    .number()
    .positive()
    .default(1 / 255),
  do_normalize: z.boolean().default(true),
  image_mean: channels.default([0.5, 0.5, 0.5]),
  image_std: channels.default([0.5, 0.5, 0.5]),
  do_convert_rgb: z.literal(true).nullish(),
  do_center_crop: z.literal(false).nullish(),
  crop_size: none,
  do_pad: ignored, // tiles are all of one size
  pad_size: ignored,
  data_format: ignored,
  default_to_square: ignored,
  device: ignored,
  disable_grouping: ignored,
  feature_extractor_type: ignored,
  image_processor_type: ignored,
  image_seq_length: ignored,
  input_data_format: ignored,
  processor_class: ignored,
  return_row_col_info: ignored,
  return_tensors: ignored,
  video_sampling: ignored,
});

/** Parses `preprocessor_config.json` of an Idefics3 model. @throws {ConfigError} naming file, field, what is there and what was expected. */
export function parsePreprocessorConfig(value: unknown, { file }: { readonly file: string }): ImageProcessorConfig {
  const raw = parseConfig(schema, value, { file });
  return {
    doResize: raw.do_resize,
    longestEdge: raw.size.longest_edge,
    doImageSplitting: raw.do_image_splitting,
    tileSize: raw.max_image_size.longest_edge,
    filter: FILTERS[raw.resample],
    rescaleFactor: raw.do_rescale ? raw.rescale_factor : 1,
    mean: raw.do_normalize ? raw.image_mean : [0, 0, 0],
    standardDeviation: raw.do_normalize ? raw.image_std : [1, 1, 1],
  };
}

/** The `preprocessor_config.json` that `transformers` loads. */
export function toHuggingFacePreprocessorConfig(
  config: ImageProcessorConfig,
  { name }: { readonly name: "Idefics3" | "SmolVLM" },
): Readonly<Record<string, unknown>> {
  return {
    image_processor_type: `${name}ImageProcessor`,
    processor_class: `${name}Processor`,
    do_convert_rgb: true,
    do_resize: config.doResize,
    size: { longest_edge: config.longestEdge },
    resample: config.filter === "lanczos" ? 1 : 3,
    do_image_splitting: config.doImageSplitting,
    max_image_size: { longest_edge: config.tileSize },
    do_pad: true,
    do_rescale: config.rescaleFactor !== 1,
    rescale_factor: config.rescaleFactor,
    do_normalize: true,
    image_mean: [...config.mean],
    image_std: [...config.standardDeviation],
  };
}
