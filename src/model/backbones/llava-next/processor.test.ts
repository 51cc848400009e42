import { beforeAll, describe, expect, test } from "vitest";
import { picture } from "../../../../test/fixtures/llava-next/picture.ts";
import { asPatches, patchPosition } from "../../../../test/fixtures/llava-next/reference-model.ts";
import { readTensors } from "../../../../test/support/read-tensors.ts";
import { idsOf, picturesOf, type ReferencePrompt } from "../../../../test/support/reference/reference-prompts.ts";
import { expectConfigError } from "../../../../test/support/expect-config-error.ts";
import { expectFloat, type Tensor } from "../../../engine/tensor/tensor.ts";
import { present } from "../../../errors/families.ts";
import { readJsonFile } from "../../../files/json-file.ts";
import { loadTokenizer, type Tokenizer } from "../../formats/tokenizer.ts";
import type { InputProcessor } from "../../multimodal/input-processor.ts";
import { CLIP_PIXEL_SCALE } from "../../multimodal/pixel-levels.ts";
import { LLAVA_NEXT_PROMPTS, llavaNextProcessor } from "./backbone.ts";
import { LLAVA_NEXT_PINPOINTS, parseLlavaNextConfig, type LlavaNextConfig } from "./config.ts";
import { baseImage, imageTiles } from "./image-tiles.ts";
import type { ImageProcessorConfig } from "./preprocessor-config.ts";

const FOLDER = "test/fixtures/llava-next";
const IMAGE = 320;
const REAL: ImageProcessorConfig = { ...CLIP_PIXEL_SCALE, tileSize: 336, patchSize: 14, gridPinpoints: LLAVA_NEXT_PINPOINTS };

/** Pictures of the script, in its order. */
const TINY_SIZES = [[12, 12], [24, 24], [20, 30], [31, 17], [5, 3], [1, 1], [7, 90], [150, 11], [300, 200], [1, 60]] as const; // prettier-ignore
const REAL_SIZES = [[336, 336], [640, 480], [480, 641], [40, 30], [300, 1300], [1500, 900]] as const; // prettier-ignore
/** Of those in published tiles every so manieth number is stored. */
const SAMPLE = 997;

let config: LlavaNextConfig;
let tokenizer: Tokenizer;
let settings: ImageProcessorConfig;
let processor: InputProcessor;
let prompts: readonly ReferencePrompt[];
let pixels: Readonly<Record<string, Tensor>>;

beforeAll(async () => {
  const file = `${FOLDER}/small/config.json`;
  config = parseLlavaNextConfig(await readJsonFile(file), { file });
  tokenizer = await loadTokenizer(`${FOLDER}/small/tokenizer.json`);
  settings = { ...CLIP_PIXEL_SCALE, tileSize: 12, patchSize: 3, gridPinpoints: config.gridPinpoints };
  processor = llavaNextProcessor(config, { tokenizer, imageProcessor: settings });
  prompts = (await readJsonFile(`${FOLDER}/prompts.json`)) as readonly ReferencePrompt[];
  pixels = await readTensors(`${FOLDER}/pixels.safetensors`);
});

const withPinpoints = (gridPinpoints: ImageProcessorConfig["gridPinpoints"]): InputProcessor =>
  llavaNextProcessor(config, { tokenizer, imageProcessor: { ...settings, gridPinpoints } });

describe("against the processor of transformers", () => {
  test("token ids of prompts with images", async () => {
    for (const reference of prompts) {
      const { prompt } = reference;
      const { inputIds } = await processor.processBatch([{ prompt, images: picturesOf(reference) }]);
      expect([...inputIds.data], prompt).toEqual(idsOf(reference));
    }
  });

  test("all prompts as one batch", async () => {
    const verbatim = prompts.map((reference) => ({ prompt: reference.prompt, images: picturesOf(reference) }));
    const { images, inputIds, positionIds } = await processor.processBatch(verbatim);
    const places = inputIds.data.filter((id) => id === IMAGE).length;
    expect(images?.mode).toBe("uniform");
    expect(images?.featureRows).toHaveLength(places);
    expect(positionIds.shape).toEqual([1, ...inputIds.shape]);
  });

  test.each(TINY_SIZES)("pixel values of all tiles of a picture of %i x %i pixels", (width, height) => {
    const expected = asPatches(expectFloat(present(pixels[`tiny.${width}x${height}`], "pixels")), settings);
    const seed = TINY_SIZES.findIndex((size) => size[0] === width && size[1] === height);
    const actual = imageTiles([picture(width, height, seed)], settings);
    expect(actual.shape).toEqual(expected.shape);
    expect(largestDifference(actual.data, expected.data)).toBeLessThan(1e-5);
  });

  test.each(REAL_SIZES)("samples of pixel values of a picture of %i x %i pixels in published tiles", (width, height) => {
    const name = `real.${width}x${height}`;
    const seed = REAL_SIZES.findIndex((size) => size[0] === width && size[1] === height);
    const actual = imageTiles([picture(width, height, seed)], REAL);
    expect([actual.shape[0]]).toEqual([...present(pixels[`${name}.tiles`], name).data]);
    const expected = expectFloat(present(pixels[name], name)).data;
    const samples = Array.from(expected, (_, at) => actual.data[patchPosition(at * SAMPLE, REAL)] as number);
    expect(expected).toHaveLength(Math.ceil(actual.data.length / SAMPLE));
    expect(largestDifference(samples, expected)).toBeLessThan(1e-5);
  });
});

function largestDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity;
  return Array.from(expected).reduce((most, value, at) => Math.max(most, Math.abs(value - (actual[at] as number))), 0);
}

describe("inputs", () => {
  test("are laid out as start, image, instruction, text, end", async () => {
    const image = picture(12, 24, 0);
    const batch = await processor.processBatch([{ image, instruction: "find the same object", text: "a red apple" }, { text: "cats" }]);
    const expected = ["<s>", "find the same object", "a red apple", "</s>"].map((part) => [...tokenizer.encode(part)]);
    const tokens = Array.from({ length: 16 + 2 * 4 * 4 + 8 }, () => IMAGE);
    const [start = [], ...words] = expected;
    expect([...batch.inputIds.data.subarray(0, batch.lengths[0])]).toEqual([...start, ...tokens, ...words.flat()]);
    const second = batch.inputIds.data.subarray(batch.inputIds.shape[1]);
    expect([...second.subarray(0, batch.lengths[1])]).toEqual([1, ...tokenizer.encode("cats"), 2]);
  });

  test("of several images have their tiles one behind the other", async () => {
    const images = [picture(12, 24, 0), picture(30, 10, 1)];
    const together = imageTiles(images, settings);
    const alone = images.map((image) => imageTiles([image], settings));
    expect([...together.data]).toEqual(alone.flatMap(({ data }) => [...data]));
    const batch = await processor.processBatch(images.map((image) => ({ image })));
    const rows = [...present(batch.images, "images").featureRows];
    const newline = (together.shape[0] as number) * 16;
    expect(Math.max(...rows)).toBe(newline);
    expect(rows[(batch.lengths[0] as number) - 2]).toBe((alone[0]?.shape[0] as number) * 16); // the second image's first
  });

  test("keep their images' size until they are cut", () => {
    const image = picture(100, 75, 0);
    expect(processor.images.fit(image)).toBe(image);
    expect(processor.images.maxPixels).toBe(24 * 24);
    expect(processor.images.layout(image).grid).toEqual({ rows: 2, columns: 2 });
  });
});

describe("with the base image only", () => {
  test("an image is one tile, without newline", async () => {
    const low = withPinpoints([]);
    const image = picture(100, 75, 0);
    const { images, inputIds } = await low.processBatch([{ image }, { image: picture(3, 9, 1) }]);
    expect([...inputIds.data]).toEqual([0, 1].flatMap(() => [1, ...Array.from({ length: 16 }, () => IMAGE), 2]));
    expect([...present(images, "images").featureRows]).toEqual(Array.from({ length: 32 }, (_, row) => row));
    const { data } = imageTiles([image], settings);
    expect([...expectFloat(present(images?.inputs["pixelValues"], "pixels")).data.subarray(0, 432)]).toEqual([...data.subarray(0, 432)]);
  });

  test("an image can be made as small at once", async () => {
    const { images } = withPinpoints([]);
    const image = picture(100, 75, 0);
    const fitted = images.fit(image);
    expect(fitted).toEqual(baseImage(image, settings));
    expect(images.fit(fitted)).toEqual(fitted);
    expect(images.layout(fitted)).toEqual(images.layout(image));
    expect(images.toTensors([fitted])).toEqual(images.toTensors([image]));
    expect(images.maxPixels).toBe(144);
  });

  test("is what limits of pixels below all pinpoints ask for", async () => {
    const pinpoints = (minPixels: number, maxPixels: number): unknown =>
      processor.withPixels({ minPixels, maxPixels }).images.toHuggingFaceConfig()["image_grid_pinpoints"];
    expect(pinpoints(1, 144)).toEqual([]);
    expect(pinpoints(1, 300)).toEqual([[12, 24], [24, 12]]); // prettier-ignore
    expect(pinpoints(1, 1000)).toEqual(config.gridPinpoints.map(({ height, width }) => [height, width]));
    expect(pinpoints(500, 1000)).toEqual([[24, 24]]);
    await expectConfigError(() => pinpoints(1, 143), {
      message: /12 x 12, 24 x 12, .* none of which is from 1 to 143 pixels large; change model.imageSize/,
    });
  });
});

describe("what does not belong together is named", () => {
  test.each([
    ["tile", { tileSize: 15 }, /the size of a tile is 15, the model has 12/],
    [
      "pinpoints",
      { gridPinpoints: [{ width: 24, height: 48 }] },
      /one of image_grid_pinpoints is 24 x 48, the model has only 24 x 12, 12 x 24/,
    ],
  ])("%s", async (_, changes, message) => {
    await expectConfigError(() => llavaNextProcessor(config, { tokenizer, imageProcessor: { ...settings, ...changes } }), { message });
  });

  test("the image's token", async () => {
    await expectConfigError(() => llavaNextProcessor({ ...config, imageTokenId: 7 }, { tokenizer, imageProcessor: settings }), {
      message: /the id of <image> is 320, the model has 7/,
    });
  });

  test("prompts whose end is no token of the tokenizer", async () => {
    const parts = { tokenizer, imageProcessor: settings, prompts: { ...LLAVA_NEXT_PROMPTS, end: "<|im_end|>" } };
    await expectConfigError(() => llavaNextProcessor(config, parts), { field: "prompts.end" });
  });
});
