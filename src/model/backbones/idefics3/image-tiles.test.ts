import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { picture } from "../../../../test/fixtures/llava-next/picture.ts";
import { openSafetensors, type Safetensors } from "../../formats/safetensors.ts";
import { tileLayout } from "./image-layout.ts";
import { tileTensors } from "./image-tiles.ts";
import { parsePreprocessorConfig } from "./preprocessor-config.ts";

const FIXTURES = "test/fixtures/idefics3";

interface Case {
  readonly name: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly width: number;
  readonly height: number;
  readonly seed: number;
  /** Of the tiles' numbers, one behind the other, each so-manieth is stored. */
  readonly every: number;
  readonly tiles: number;
  readonly rows: number;
  readonly columns: number;
}

const cases = JSON.parse(await readFile(`${FIXTURES}/tiles.json`, "utf8")) as readonly Case[];
let stored: Safetensors;
beforeAll(async () => void (stored = await openSafetensors(`${FIXTURES}/tiles.safetensors`)));
afterAll(() => stored.close());

test.each(cases)("$name: the library's tiles, byte for byte", async ({ name, every, ...example }) => {
  const settings = parsePreprocessorConfig(example.settings, { file: "" });
  const image = picture(example.width, example.height, example.seed);
  expect(tileLayout(image, settings)).toMatchObject({ rows: example.rows, columns: example.columns });
  // patches of one pixel, so that tiles are [tiles, pixels, 1, 3]
  const { inputs } = tileTensors([image], settings, { patchSize: 1, perSide: settings.tileSize, blockSize: 1, places: settings.tileSize });
  const pixels = settings.tileSize ** 2;
  expect(inputs["pixelValues"]?.shape).toEqual([example.tiles, pixels, 1, 3]);
  const values = inputs["pixelValues"]?.data as Float32Array;
  const { data: levels } = await stored.read(name);
  expect(levels).toHaveLength(Math.ceil(values.length / every));
  const different = Array.from(levels, Number).filter((level, sample) => {
    const at = sample * every;
    const [tile, channel, pixel] = [Math.floor(at / (3 * pixels)), Math.floor(at / pixels) % 3, at % pixels];
    const value = values[(tile * pixels + pixel) * 3 + channel] as number;
    const [mean, deviation] = [settings.mean[channel] as number, settings.standardDeviation[channel] as number];
    return Math.abs(value - (level * settings.rescaleFactor - mean) / deviation) > 1e-6;
  });
  expect(different).toEqual([]);
});

test("patches lie block by block; pixels behind the last whole patch are left out", () => {
  const settings = parsePreprocessorConfig({ do_resize: false, do_image_splitting: false, max_image_size: { longest_edge: 5 }, do_rescale: false, do_normalize: false }, { file: "" }); // prettier-ignore
  const data = Uint8Array.from({ length: 75 }, (_, at) => Math.floor(at / 3) + 100 * (at % 3)); // the channels of pixel p are p, 100 + p, 200 + p
  const grid = { patchSize: 1, perSide: 4, blockSize: 2, places: 4 };
  const { inputs, featureRows } = tileTensors([{ width: 5, height: 5, data }], settings, grid);
  expect(inputs["pixelValues"]?.shape).toEqual([1, 4, 4, 3]);
  const reds = Array.from(inputs["pixelValues"]?.data as Float32Array).filter((_, at) => at % 3 === 0);
  expect(reds).toEqual([0, 1, 5, 6, 2, 3, 7, 8, 10, 11, 15, 16, 12, 13, 17, 18]);
  expect([...featureRows]).toEqual([0, 1, 2, 3]);
  const wide = tileTensors([{ width: 5, height: 5, data }], settings, { patchSize: 2, perSide: 2, blockSize: 1, places: 2 });
  const [first] = [Array.from(wide.inputs["pixelValues"]?.data as Float32Array).slice(0, 12)];
  expect(first).toEqual([0, 1, 5, 6, 100, 101, 105, 106, 200, 201, 205, 206]);
});
