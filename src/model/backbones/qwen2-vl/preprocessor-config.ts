import { z } from "zod";
import { parseConfig } from "../../../files/parse-config.ts";
import { QWEN2_VL_IMAGE_PROCESSOR, type ImageProcessorConfig } from "./image-processor.ts";

const count = z.number().int().positive();
const channels = z.tuple([z.number(), z.number(), z.number()]);
const ignored = z.unknown().optional();

const schema = z.strictObject({
  min_pixels: count.nullish(),
  max_pixels: count.nullish(),
  size: z
    .strictObject({
      min_pixels: count.nullish(),
      max_pixels: count.nullish(),
      shortest_edge: count.nullish(),
      longest_edge: count.nullish(),
      height: z.null().optional(),
      width: z.null().optional(),
      max_height: z.null().optional(),
      max_width: z.null().optional(),
    })
    .nullish(),
  patch_size: count.default(14),
  temporal_patch_size: count.default(2),
  merge_size: count.default(2),
  do_resize: z.boolean().default(true),
  resample: z.literal(3).default(3), // bicubic, in Pillow's numbering
  do_rescale: z.boolean().default(true),
  rescale_factor: z
    .number()
    .positive()
    .default(1 / 255),
  do_normalize: z.boolean().default(true),
  image_mean: channels.default([...QWEN2_VL_IMAGE_PROCESSOR.mean]),
  image_std: channels.default([...QWEN2_VL_IMAGE_PROCESSOR.standardDeviation]),
  do_convert_rgb: z.literal(true).nullish(),
  do_center_crop: z.literal(false).nullish(),
  do_pad: z.literal(false).nullish(),
  crop_size: z.null().optional(),
  pad_size: z.null().optional(),
  data_format: ignored,
  default_to_square: ignored,
  device: ignored,
  disable_grouping: ignored,
  feature_extractor_type: ignored,
  image_processor_type: ignored,
  image_seq_length: ignored,
  input_data_format: ignored,
  processor_class: ignored,
  return_tensors: ignored,
});

/** Parses `preprocessor_config.json` of a Qwen2-VL model. @throws {ConfigError} naming file, field, what is there and what was expected. */
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
    rescaleFactor: raw.do_rescale ? raw.rescale_factor : 1,
    mean: raw.do_normalize ? raw.image_mean : [0, 0, 0],
    standardDeviation: raw.do_normalize ? raw.image_std : [1, 1, 1],
  };
}

/** The `preprocessor_config.json` that `transformers` loads. */
export function toHuggingFacePreprocessorConfig(config: ImageProcessorConfig): Readonly<Record<string, unknown>> {
  return {
    image_processor_type: "Qwen2VLImageProcessor",
    processor_class: "Qwen2VLProcessor",
    do_convert_rgb: true,
    do_resize: config.doResize,
    resample: 3,
    min_pixels: config.minPixels,
    max_pixels: config.maxPixels,
    size: { shortest_edge: config.minPixels, longest_edge: config.maxPixels },
    patch_size: config.patchSize,
    temporal_patch_size: config.temporalPatchSize,
    merge_size: config.mergeSize,
    do_rescale: config.rescaleFactor !== 1,
    rescale_factor: config.rescaleFactor,
    do_normalize: true,
    image_mean: [...config.mean],
    image_std: [...config.standardDeviation],
  };
}
