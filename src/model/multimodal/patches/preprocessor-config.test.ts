import { expect, test } from "vitest";
import { expectConfigError } from "../../../../test/support/expect-config-error.ts";
import { QWEN2_VL_IMAGE_PROCESSOR } from "./image-processor.ts";
import { parsePreprocessorConfig, toHuggingFacePreprocessorConfig } from "./preprocessor-config.ts";

/** As published with Qwen2-VL-2B-Instruct. */
const PUBLISHED = {
  min_pixels: 3136,
  max_pixels: 12845056,
  patch_size: 14,
  temporal_patch_size: 2,
  merge_size: 2,
  image_mean: [0.48145466, 0.4578275, 0.40821073],
  image_std: [0.26862954, 0.26130258, 0.27577711],
  image_processor_type: "Qwen2VLImageProcessor",
  processor_class: "Qwen2VLProcessor",
};

const parse = (value: unknown) => parsePreprocessorConfig(value, { file: "preprocessor_config.json" });

test("the published one", () => {
  expect(parse(PUBLISHED)).toEqual({ ...QWEN2_VL_IMAGE_PROCESSOR, minPixels: 3136, maxPixels: 12845056 });
});

test("limits as `size` in the words of several versions; what stands beside it counts", () => {
  const { min_pixels: _least, max_pixels: _most, ...rest } = PUBLISHED;
  expect(parse({ ...rest, size: { shortest_edge: 100, longest_edge: 200 } })).toMatchObject({ minPixels: 100, maxPixels: 200 });
  expect(parse({ ...rest, size: { min_pixels: 100, max_pixels: 200 } })).toMatchObject({ minPixels: 100, maxPixels: 200 });
  expect(parse({ ...PUBLISHED, size: { shortest_edge: 100, longest_edge: 200 } })).toMatchObject({ minPixels: 3136 });
  expect(parse({ ...rest, min_pixels: null })).toMatchObject({ minPixels: 56 * 56, maxPixels: 28 * 28 * 1280 });
});

test("without rescaling or normalising, bytes stay as they are", () => {
  const config = parse({ ...PUBLISHED, do_rescale: false, do_normalize: false });
  expect(config).toMatchObject({ rescaleFactor: 1, mean: [0, 0, 0], standardDeviation: [1, 1, 1] });
});

test("what is written reads back the same", () => {
  for (const config of [QWEN2_VL_IMAGE_PROCESSOR, { ...QWEN2_VL_IMAGE_PROCESSOR, patchSize: 8, doResize: false, rescaleFactor: 1 }]) {
    expect(parse(JSON.parse(JSON.stringify(toHuggingFacePreprocessorConfig(config, "Qwen2VLProcessor"))))).toEqual(config);
  }
});

test.each([
  [{ ...PUBLISHED, patchsize: 14 }, "patchsize", /did you mean patch_size\?/],
  [{ ...PUBLISHED, resample: 2 }, "resample", /resample is 2, expected 3/],
  [{ ...PUBLISHED, image_mean: [0.5] }, "image_mean", /image_mean/],
  [{ ...PUBLISHED, do_center_crop: true }, "do_center_crop", /expected false/],
  [{ ...PUBLISHED, merge_size: 0 }, "merge_size", /is 0/],
  [[], "the whole", /expected object/],
] as const)("%j", async (value, field, message) => {
  await expectConfigError(() => parse(value), { field, message });
});
