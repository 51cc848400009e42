import { z } from "zod";
import { parseConfig } from "../../../files/parse-config.ts";
import type { ImageSize } from "../../../inputs/resize-image.ts";
import { checkRules, rule } from "../../multimodal/config/config-rules.ts";
import { count } from "../../multimodal/config/fields.ts";
import { ignored } from "../../multimodal/config/ignored-fields.ts";
import { ignoredImageFields } from "../../multimodal/config/idle-image-fields.ts";
import { pixelScaleFields, toHuggingFacePixelScale, toPixelScale } from "../../multimodal/config/pixel-fields.ts";
import type { PixelScale } from "../../multimodal/pixel-levels.ts";
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

const box = z.strictObject({ height: count, width: count });

const schema = z.strictObject({
  size: z.union([z.strictObject({ shortest_edge: count }), box]).default({ shortest_edge: 224 }),
  crop_size: z.union([count, box]).nullish(),
  image_grid_pinpoints: z.array(z.tuple([count, count])).nullish(),
  aspect_ratio_setting: z.literal("anyres").optional(),
  resample: z.literal(3).default(3), // bicubic, in Pillow's numbering
  ...pixelScaleFields,
  do_resize: ignored, // tiles have their size before these two would be done
  do_center_crop: ignored,
  do_pad: ignored,
  ...ignoredImageFields,
  pad_size: ignored,
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
    ...toPixelScale(raw),
  };
}

/** Tiles are square, and neither resized nor cropped again. */
function tileSizeOf({ size, crop_size: crop }: RawPreprocessor, file: string): number {
  const tileSize = "shortest_edge" in size ? size.shortest_edge : size.height;
  const cropped = typeof crop === "number" ? { height: crop, width: crop } : crop;
  const isSquare = "shortest_edge" in size || size.width === tileSize;
  const isWhole = cropped === undefined || cropped === null || (cropped.height === tileSize && cropped.width === tileSize);
  const rules = [
    rule("size", size, "the same height and width", isSquare),
    rule("crop_size", crop, `the size of a tile (${tileSize} x ${tileSize})`, isWhole),
  ];
  checkRules(rules, { file });
  return tileSize;
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
    ...toHuggingFacePixelScale(config),
    do_pad: true,
  };
}
