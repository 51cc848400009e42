import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ProcessorError, ShapeError } from "../errors/families.ts";
import { decodeImage } from "./decode-image.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "polyvec-decode-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** A picture of plain pixels, encoded as PNG. */
function png(channels: 1 | 2 | 3 | 4, pixels: readonly number[], width: number): Promise<Buffer> {
  return sharp(Uint8Array.from(pixels), { raw: { width, height: pixels.length / channels / width, channels } })
    .png()
    .toBuffer();
}

async function refusal(source: Parameters<typeof decodeImage>[0]): Promise<ProcessorError> {
  const error: unknown = await decodeImage(source).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ProcessorError);
  return error as ProcessorError;
}

describe("decodeImage", () => {
  test("composes transparency on white", async () => {
    const image = await decodeImage(await png(4, [255, 0, 0, 255, 255, 0, 0, 0, 0, 0, 0, 128], 3));
    expect(image).toMatchObject({ width: 3, height: 1 });
    expect([...image.data.subarray(0, 6)]).toEqual([255, 0, 0, 255, 255, 255]);
    expect(image.data[6]).toBeCloseTo(127, -1);
  });

  test("gives three channels for grey, grey with alpha, 16 bits and CMYK", async () => {
    expect([...(await decodeImage(await png(1, [7, 200], 2))).data]).toEqual([7, 7, 7, 200, 200, 200]);
    expect([...(await decodeImage(await png(2, [7, 255, 200, 0], 2))).data]).toEqual([7, 7, 7, 255, 255, 255]);
    const deep = await sharp(await png(3, [10, 20, 30], 1))
      .toColourspace("rgb16")
      .png()
      .toBuffer();
    expect([...(await decodeImage(deep)).data]).toEqual([10, 20, 30]);
    const print = await sharp({ create: { width: 8, height: 8, channels: 3, background: "#ffffff" } })
      .toColourspace("cmyk")
      .jpeg()
      .toBuffer();
    expect((await decodeImage(print)).data).toHaveLength(8 * 8 * 3);
  });

  test("turns the picture as its EXIF tag says", async () => {
    const turned = await sharp({ create: { width: 6, height: 2, channels: 3, background: "#123456" } })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    expect(await decodeImage(turned)).toMatchObject({ width: 2, height: 6 });
  });

  test("draws SVG and passes decoded pixels through", async () => {
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"><rect width="4" height="4" fill="#00f"/></svg>';
    expect([...(await decodeImage(Buffer.from(svg))).data.subarray(0, 3)]).toEqual([0, 0, 255]);
    const raw = { width: 1, height: 1, data: Uint8Array.of(1, 2, 3) };
    expect(await decodeImage(raw)).toBe(raw);
    await expect(decodeImage({ width: 2, height: 1, data: Uint8Array.of(1, 2, 3) })).rejects.toBeInstanceOf(ShapeError);
  });

  test("names a missing, empty, foreign or damaged file", async () => {
    const whole = await sharp({ create: { width: 64, height: 64, channels: 3, background: "#a03" } })
      .png({ compressionLevel: 0 })
      .toBuffer();
    const broken = Buffer.from(whole);
    broken.fill(0x55, 60, 400);
    const files = {
      "empty.png": Buffer.alloc(0),
      "notes.png": Buffer.from("not a picture"),
      "half.png": whole.subarray(0, 3000),
      "broken.png": broken,
    };
    for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes);
    const expected = {
      "empty.png": "empty",
      "notes.png": "unknown-format",
      "half.png": "damaged",
      "broken.png": "damaged",
      "gone.png": "unreadable",
    };
    for (const [name, reason] of Object.entries(expected)) {
      const error = await refusal(join(folder, name));
      expect(error.details).toEqual({ file: join(folder, name), reason });
      expect(error.message).toContain(name);
    }
    expect((await refusal(folder)).message).toContain("it is a folder");
    expect((await refusal("https://example.org/cat.png")).message).toContain("download it first");
    expect((await refusal(Buffer.from("nothing"))).details).toMatchObject({ file: null });
  });

  test("refuses an absurdly large picture before decoding it", async () => {
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="30000" height="30000"><rect width="9" height="9"/></svg>';
    expect((await refusal(Buffer.from(svg))).details).toMatchObject({ reason: "too-large" });
  });
});
