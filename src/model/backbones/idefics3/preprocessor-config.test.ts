import { expect, test } from "vitest";
import { expectConfigError } from "../../../../test/support/expect-config-error.ts";
import { parsePreprocessorConfig, toHuggingFacePreprocessorConfig } from "./preprocessor-config.ts";

/** As published with SmolVLM2-500M-Video-Instruct. */
const PUBLISHED = {
  do_convert_rgb: true,
  do_image_splitting: true,
  do_normalize: true,
  do_pad: true,
  do_rescale: true,
  do_resize: true,
  image_mean: [0.5, 0.5, 0.5],
  image_processor_type: "SmolVLMImageProcessor",
  image_std: [0.5, 0.5, 0.5],
  max_image_size: { longest_edge: 512 },
  processor_class: "SmolVLMProcessor",
  resample: 1,
  rescale_factor: 0.00392156862745098,
  size: { longest_edge: 2048 },
  video_sampling: { fps: 1, max_frames: 64, video_size: { longest_edge: 512 } },
};

const parse = (value: unknown) => parsePreprocessorConfig(value, { file: "preprocessor_config.json" });

test("the published one", () => {
  expect(parse(PUBLISHED)).toEqual({
    doResize: true,
    longestEdge: 2048,
    doImageSplitting: true,
    tileSize: 512,
    filter: "lanczos",
    rescaleFactor: 1 / 255,
    mean: [0.5, 0.5, 0.5],
    standardDeviation: [0.5, 0.5, 0.5],
  });
});

test("what is not there is as the library has it", () => {
  expect(parse({})).toEqual({ ...parse(PUBLISHED), longestEdge: 1456, tileSize: 364 });
});

test("without rescaling or normalising, bytes stay as they are", () => {
  const config = parse({ ...PUBLISHED, do_rescale: false, do_normalize: false });
  expect(config).toMatchObject({ rescaleFactor: 1, mean: [0, 0, 0], standardDeviation: [1, 1, 1] });
});

test("what is written reads back the same", () => {
  for (const changes of [
    {},
    { do_image_splitting: false },
    { do_resize: false, resample: 3 },
    { do_rescale: false, do_normalize: false },
  ]) {
    const config = parse({ ...PUBLISHED, ...changes });
    const written = toHuggingFacePreprocessorConfig(config, { name: "SmolVLM" });
    expect(parse(JSON.parse(JSON.stringify(written)))).toEqual(config);
  }
  const { image_processor_type: type } = toHuggingFacePreprocessorConfig(parse({}), { name: "Idefics3" });
  expect(type).toBe("Idefics3ImageProcessor");
});

test.each([
  [{ ...PUBLISHED, do_image_split: true }, "do_image_split", /not a known field/],
  [{ ...PUBLISHED, max_image_sise: {} }, "max_image_sise", /did you mean max_image_size\?/],
  [{ ...PUBLISHED, resample: 2 }, "resample", /resample is 2, expected 1 or 3/],
  [{ ...PUBLISHED, size: { height: 5, width: 5 } }, "size.longest_edge", /is missing, expected number/],
  [{ ...PUBLISHED, size: { longest_edge: 2048, height: 5 } }, "size.height", /is 5, expected null/],
  [{ ...PUBLISHED, image_mean: [0.5] }, "image_mean", /image_mean/],
  [{ ...PUBLISHED, do_center_crop: true }, "do_center_crop", /expected false/],
] as const)("%j", async (value, field, message) => {
  await expectConfigError(() => parse(value), { field, message });
});
