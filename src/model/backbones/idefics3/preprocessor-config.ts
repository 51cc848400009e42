import { z } from "zod";
import { parseConfig } from "../../../files/parse-config.ts";
import { count } from "../../multimodal/config/fields.ts";
import { ignored } from "../../multimodal/config/ignored-fields.ts";
import { ignoredImageFields, none, noSides } from "../../multimodal/config/idle-image-fields.ts";
import { channels, pixelScaleFields, toHuggingFacePixelScale, toPixelScale } from "../../multimodal/config/pixel-fields.ts";
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

const longestEdge = z.strictObject({
  longest_edge: count,
  shortest_edge: none,
  ...noSides,
});

const schema = z.strictObject({
  do_resize: z.boolean().default(true),
  size: longestEdge.default({ longest_edge: 4 * 364 }),
  do_image_splitting: z.boolean().default(true),
  max_image_size: longestEdge.default({ longest_edge: 364 }),
  resample: z.union([z.literal(1), z.literal(3)]).default(1),
  ...pixelScaleFields,
  image_mean: channels.default([0.5, 0.5, 0.5]),
  image_std: channels.default([0.5, 0.5, 0.5]),
  do_center_crop: z.literal(false).nullish(),
  crop_size: none,
  do_pad: ignored, // tiles are all of one size
  pad_size: ignored,
  ...ignoredImageFields,
  return_row_col_info: ignored,
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
    ...toPixelScale(raw),
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
    ...toHuggingFacePixelScale(config),
  };
}
