import { z } from "zod";
import { parseConfig } from "../../../files/parse-config.ts";
import { count } from "../config/fields.ts";
import { ignoredImageFields, none, noSides } from "../config/idle-image-fields.ts";
import { pixelScaleFields, toHuggingFacePixelScale, toPixelScale } from "../config/pixel-fields.ts";
import { QWEN2_VL_IMAGE_PROCESSOR, type ImageProcessorConfig } from "./image-processor.ts";

const limits = { min_pixels: count.nullish(), max_pixels: count.nullish() } as const;

const schema = z.strictObject({
  ...limits,
  size: z
    .strictObject({
      ...limits,
      shortest_edge: count.nullish(),
      longest_edge: count.nullish(),
      ...noSides,
    })
    .nullish(),
  patch_size: count.default(14),
  temporal_patch_size: count.default(2),
  merge_size: count.default(2),
  do_resize: z.boolean().default(true),
  resample: z.literal(3).default(3), // bicubic, in Pillow's numbering
  ...pixelScaleFields,
  do_center_crop: z.literal(false).nullish(),
  do_pad: z.literal(false).nullish(),
  crop_size: none,
  pad_size: none,
  ...ignoredImageFields,
});

/** Parses `preprocessor_config.json` of a model with patches in merge blocks, with the defaults of `transformers`. @throws {ConfigError} naming file, field, what is there and what was expected. */
export function parsePreprocessorConfig(value: unknown, { file }: { file: string }): ImageProcessorConfig {
  const raw = parseConfig(schema, value, { file });
  const { size } = raw;
  return {
    patchSize: raw.patch_size,
    temporalPatchSize: raw.temporal_patch_size,
    mergeSize: raw.merge_size,
    minPixels: raw.min_pixels ?? size?.min_pixels ?? size?.shortest_edge ?? QWEN2_VL_IMAGE_PROCESSOR.minPixels,
    maxPixels: raw.max_pixels ?? size?.max_pixels ?? size?.longest_edge ?? QWEN2_VL_IMAGE_PROCESSOR.maxPixels,
    doResize: raw.do_resize,
    ...toPixelScale(raw),
  };
}

/** The `preprocessor_config.json` that `transformers` loads. @param processorClass its class of processors of this kind of model. */
export function toHuggingFacePreprocessorConfig(config: ImageProcessorConfig, processorClass: string): Readonly<Record<string, unknown>> {
  return {
    image_processor_type: "Qwen2VLImageProcessor",
    processor_class: processorClass,
    do_convert_rgb: true,
    do_resize: config.doResize,
    resample: 3,
    min_pixels: config.minPixels,
    max_pixels: config.maxPixels,
    size: { shortest_edge: config.minPixels, longest_edge: config.maxPixels },
    patch_size: config.patchSize,
    temporal_patch_size: config.temporalPatchSize,
    merge_size: config.mergeSize,
    ...toHuggingFacePixelScale(config),
  };
}
