import { describe, expect, test } from "vitest";
import { thrownBy } from "../../../test/support/thrown-by.ts";
import { ProcessorError } from "../../errors/families.ts";
import type { RawImage } from "../../inputs/embedding-input.ts";
import { openModelFolder } from "./open-model-folder.ts";

/** Pictures so narrow that resizing one side to a pixel's part is near. */
const THIN = [[1, 20_000], [20_000, 1]] as const; // prettier-ignore

function grey(width: number, height: number): RawImage {
  return { width, height, data: new Uint8Array(width * height * 3).fill(200) };
}

/** Tokens, tiles and the sum of all pixel values as the processors of transformers 5.23 (Pillow) make them of a grey picture. */
describe.each([
  ["test/fixtures/llava-next/small", [1, 20_000], { tokens: 20, tiles: 3, sum: -803.2391967773438 }],
  ["test/fixtures/llava-next/small", [20_000, 1], { tokens: 16, tiles: 3, sum: -698.0560913085938 }],
  ["test/fixtures/llava-next/small", [1, 1], { tokens: 36, tiles: 3, sum: 353.77423095703125 }],
  ["test/fixtures/idefics3/small", [1, 20_000], { tokens: 16, tiles: 4, sum: 1746.8233642578125 }],
  ["test/fixtures/idefics3/small", [20_000, 1], { tokens: 16, tiles: 4, sum: 1746.8233642578125 }],
  ["test/fixtures/idefics3/small", [1, 1], { tokens: 40, tiles: 10, sum: 4367.05859375 }],
] as const)("the model %s", (folder, [width, height], expected) => {
  test(`takes a picture of ${width} x ${height} pixels as the reference does`, async () => {
    await using model = await openModelFolder(folder);
    const { inputIds, images } = await model.processor.processBatch([{ image: grey(width, height), text: "a" }]);
    const pixels = images?.inputs["pixelValues"];
    const sum = Array.from(pixels?.data as Float32Array).reduce((total, value) => total + value, 0);
    expect(inputIds.data.filter((id) => id === model.backbone.imageTokenId)).toHaveLength(expected.tokens);
    expect(pixels?.shape[0]).toBe(expected.tiles);
    expect(Math.abs(sum / expected.sum - 1)).toBeLessThan(1e-4);
  });
});

test.each(THIN)("Qwen's processor refuses a picture of %i x %i pixels, as the reference does", async (width, height) => {
  await using model = await openModelFolder("test/fixtures/qwen3-vl/checkpoint");
  const error = await thrownBy(() => model.processor.processBatch([{ image: grey(width, height) }]));
  expect(error).toBeInstanceOf(ProcessorError);
  expect((error as Error).message).toMatch(new RegExp(`${width} x ${height} pixels cannot be used`));
  const least = await model.processor.processBatch([{ image: grey(1, 200) }]);
  expect(least.images).toBeDefined();
});
