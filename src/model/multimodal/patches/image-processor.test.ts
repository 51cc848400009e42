import { readFile } from "node:fs/promises";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ProcessorError } from "../../../errors/families.ts";
import type { RawImage } from "../../../inputs/embedding-input.ts";
import { openSafetensors, type Safetensors } from "../../formats/safetensors.ts";
import { imagesToPatches, imageTokenCount, patchGridOf, QWEN2_VL_IMAGE_PROCESSOR, smartResize } from "./image-processor.ts";
import { parsePreprocessorConfig } from "./preprocessor-config.ts";

const FIXTURES = "test/fixtures/images";

interface Case {
  readonly name: string;
  readonly pictures: readonly (readonly [number, number])[];
  readonly options: Record<string, unknown>;
  readonly grid: readonly (readonly [number, number, number])[];
}

const cases = JSON.parse(await readFile(`${FIXTURES}/cases.json`, "utf8")) as readonly Case[];
let weights: Safetensors;
beforeAll(async () => void (weights = await openSafetensors(`${FIXTURES}/patches.safetensors`)));
afterAll(() => weights.close());

async function picturesOf({ name, pictures }: Case): Promise<RawImage[]> {
  return Promise.all(
    pictures.map(async ([width, height], index) => {
      const { data } = await weights.read(`${name}.picture${index}`, [height, width, 3]);
      return { width, height, data: Uint8Array.from(data as Int32Array) };
    }),
  );
}

describe("against the reference image processor", () => {
  test.each(cases)("$name: patches in its order, to 1e-6, resized ones too", async (example) => {
    const config = parsePreprocessorConfig(example.options, { file: "" });
    const { pixelValues, grids } = imagesToPatches(await picturesOf(example), config);
    expect(grids.map(({ rows, columns }) => [1, rows, columns])).toEqual(example.grid);
    const levels = await weights.read(`${example.name}.levels`);
    expect(pixelValues.shape).toEqual(levels.shape);
    const { mean, standardDeviation } = config;
    const perChannel = (pixelValues.shape[1] as number) / 3;
    const worst = pixelValues.data.reduce((most, value, index) => {
      const channel = Math.floor(index / perChannel) % 3;
      const expected = (Number(levels.data[index]) / 255 - (mean[channel] as number)) / (standardDeviation[channel] as number);
      return Math.max(most, Math.abs(value - expected));
    }, 0);
    expect(worst).toBeLessThan(1e-6);
  });

  test.each(["exact", "temporal"])("%s: the float32 values themselves", async (name) => {
    const example = cases.find((candidate) => candidate.name === name) as Case;
    const { pixelValues } = imagesToPatches(await picturesOf(example), parsePreprocessorConfig(example.options, { file: "" }));
    expect(pixelValues).toEqual(await weights.read(`${name}.pixel_values`));
  });

  test("smart resize: sizes of pictures of every shape", async () => {
    const rows = JSON.parse(await readFile(`${FIXTURES}/sizes.json`, "utf8")) as number[][];
    expect(rows.length).toBeGreaterThan(100);
    const actual = rows.map((row) => {
      const [factor, minPixels, maxPixels, width, height] = row as [number, number, number, number, number];
      const size = smartResize({ width, height }, { ...QWEN2_VL_IMAGE_PROCESSOR, patchSize: factor / 2, minPixels, maxPixels });
      return [factor, minPixels, maxPixels, width, height, size.width, size.height];
    });
    expect(actual).toEqual(rows);
  });
});

test("grids and tokens of any picture: whole blocks, within the limits where the aspect allows", () => {
  const config = { ...QWEN2_VL_IMAGE_PROCESSOR, patchSize: 8, minPixels: 32 * 32, maxPixels: 128 * 128 };
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4000 }), fc.integer({ min: 1, max: 4000 }), (width, height) => {
      fc.pre(Math.max(width, height) / Math.min(width, height) <= 8);
      const grid = patchGridOf({ width, height }, config);
      const pixels = grid.rows * grid.columns * 64;
      expect(grid.rows % 2).toBe(0);
      expect(grid.columns % 2).toBe(0);
      expect(pixels).toBeGreaterThanOrEqual(config.minPixels);
      expect(pixels).toBeLessThanOrEqual(config.maxPixels);
      expect(imageTokenCount(grid, config)).toBe((grid.rows * grid.columns) / 4);
    }),
  );
});

describe("errors", () => {
  test("a picture of 1 x 20,000 pixels", () => {
    expect(() => smartResize({ width: 1, height: 20_000 }, QWEN2_VL_IMAGE_PROCESSOR)).toThrow(ProcessorError);
    expect(() => smartResize({ width: 1, height: 20_000 }, QWEN2_VL_IMAGE_PROCESSOR)).toThrow(/1 x 20000 pixels.*more than 200 times/);
  });

  test("a size that would need resizing, with do_resize off", () => {
    const config = { ...QWEN2_VL_IMAGE_PROCESSOR, doResize: false };
    expect(smartResize({ width: 56, height: 28 }, config)).toEqual({ width: 56, height: 28 });
    expect(() => smartResize({ width: 57, height: 28 }, config)).toThrow(/multiples of 28/);
  });
});
