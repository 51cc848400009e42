import { expect, test } from "vitest";
import { PINPOINTS } from "../../../../test/fixtures/llava-next/published-configs.ts";
import { expectConfigError } from "../../../../test/support/expect-config-error.ts";
import { CLIP_PIXEL_SCALE } from "../../multimodal/pixel-levels.ts";
import { LLAVA_NEXT_PINPOINTS } from "./config.ts";
import { parsePreprocessorConfig, toHuggingFacePreprocessorConfig } from "./preprocessor-config.ts";

/** As published with llava-v1.6-mistral-7b-hf. */
const PUBLISHED = {
  aspect_ratio_setting: "anyres",
  crop_size: { height: 336, width: 336 },
  do_center_crop: true,
  do_convert_rgb: true,
  do_normalize: true,
  do_rescale: true,
  do_resize: true,
  image_grid_pinpoints: PINPOINTS,
  image_mean: [0.48145466, 0.4578275, 0.40821073],
  image_processor_type: "LlavaNextImageProcessor",
  image_std: [0.26862954, 0.26130258, 0.27577711],
  processor_class: "LlavaNextProcessor",
  resample: 3,
  rescale_factor: 0.00392156862745098,
  size: { shortest_edge: 336 },
};

const parse = (value: unknown) => parsePreprocessorConfig(value, { file: "preprocessor_config.json", patchSize: 14 });

test("the published settings", () => {
  expect(parse(PUBLISHED)).toEqual({ ...CLIP_PIXEL_SCALE, tileSize: 336, patchSize: 14, gridPinpoints: LLAVA_NEXT_PINPOINTS });
});

test("an empty list of pinpoints is kept, a missing one is the usual", () => {
  expect(parse({ ...PUBLISHED, image_grid_pinpoints: [] }).gridPinpoints).toEqual([]);
  expect(parse({ ...PUBLISHED, image_grid_pinpoints: null }).gridPinpoints).toEqual(LLAVA_NEXT_PINPOINTS);
});

test("what is switched off does nothing", () => {
  const settings = parse({ ...PUBLISHED, do_rescale: false, do_normalize: false, size: { height: 336, width: 336 }, crop_size: 336 });
  expect(settings).toMatchObject({ tileSize: 336, rescaleFactor: 1, mean: [0, 0, 0], standardDeviation: [1, 1, 1] });
});

test("what is written reads back the same", () => {
  for (const value of [PUBLISHED, { ...PUBLISHED, image_grid_pinpoints: [], do_rescale: false }]) {
    const settings = parse(value);
    expect(parse(JSON.parse(JSON.stringify(toHuggingFacePreprocessorConfig(settings))))).toEqual(settings);
  }
});

test.each([
  ["unknown field", { ...PUBLISHED, image_grid_pinpoint: [] }, "image_grid_pinpoint", /did you mean image_grid_pinpoints\?/],
  ["resampling", { ...PUBLISHED, resample: 2 }, "resample", /expected 3/],
  ["padding to a square", { ...PUBLISHED, aspect_ratio_setting: "pad" }, "aspect_ratio_setting", /expected "anyres"/],
  ["crop", { ...PUBLISHED, crop_size: { height: 336, width: 300 } }, "crop_size", /the size of a tile \(336 x 336\)/],
  ["oblong", { ...PUBLISHED, size: { height: 336, width: 300 } }, "size", /the same height and width/],
])("%s is named", async (_, value, field, message) => {
  await expectConfigError(() => parse(value), { file: "preprocessor_config.json", field, message });
});
