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

/** 8 x 8 pixels of magenta and yellow, as Pillow writes them: with Adobe's marker, inverted. */
const CMYK_JPEG = [
  "/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwAIBgYHBgUIBwcHCQkICgwUDQwLCwwZEhMPFB0aHx4dGhwcICQuJyAiLCMcHCg3KSwwMTQ0NB8nOT04Mj",
  "wuMzQy/8AAFAgACAAIBEMRAE0RAFkRAEsRAP/EAB8AAAEFAQEBAQEBAAAAAAAAAAABAgMEBQYHCAkKC//EALUQAAIBAwMCBAMFBQQEAAABfQEC",
  "AwAEEQUSITFBBhNRYQcicRQygZGhCCNCscEVUtHwJDNicoIJChYXGBkaJSYnKCkqNDU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dX",
  "Z3eHl6g4SFhoeIiYqSk5SVlpeYmZqio6Slpqeoqaqys7S1tre4ubrCw8TFxsfIycrS09TV1tfY2drh4uPk5ebn6Onq8fLz9PX29/j5+v/aAA4E",
  "QwBNAFkASwAAPwD3+vn+vn+vf6//2Q==",
];

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

  test("a palette with transparency, and one without", async () => {
    const pixels = [255, 0, 0, 255, 0, 0, 255, 255, 9, 9, 9, 0, 0, 255, 0, 255];
    const indexed = await sharp(await png(4, pixels, 4))
      .png({ palette: true, colours: 8 })
      .toBuffer();
    expect((await sharp(indexed).metadata()).isPalette).toBe(true);
    expect([...(await decodeImage(indexed)).data]).toEqual([255, 0, 0, 0, 0, 255, 255, 255, 255, 0, 255, 0]);
    const plain = await sharp(await png(3, [255, 0, 0, 0, 0, 255], 2))
      .png({ palette: true })
      .toBuffer();
    expect([...(await decodeImage(plain)).data]).toEqual([255, 0, 0, 0, 0, 255]);
  });

  test("16 bits a channel, grey and colour, with and without transparency: the upper byte", async () => {
    const deep = (channels: 1 | 3 | 4, values: readonly number[]): Promise<Buffer> =>
      sharp(Uint16Array.from(values), { raw: { width: values.length / channels, height: 1, channels } })
        .toColourspace(channels === 1 ? "grey16" : "rgb16")
        .png()
        .toBuffer();
    const grey = await deep(1, [0, 0x7fff, 0xffff]);
    expect((await sharp(grey).metadata()).depth).toBe("ushort");
    expect([...(await decodeImage(grey)).data]).toEqual([0, 0, 0, 127, 127, 127, 255, 255, 255]);
    expect([...(await decodeImage(await deep(3, [0x0aff, 0x1400, 0xffff]))).data]).toEqual([10, 20, 255]);
    expect([...(await decodeImage(await deep(4, [0, 0, 0, 0, 0x1234, 0x5678, 0x9abc, 0xffff]))).data]).toEqual([
      255, 255, 255, 0x12, 0x56, 0x9a,
    ]);
  });

  test("the first frame of an animation", async () => {
    const frames = Uint8Array.from([255, 0, 0, 255, 0, 0, 0, 0, 255, 0, 0, 255]);
    for (const format of ["gif", "webp"] as const) {
      const made = sharp(frames, { raw: { width: 2, height: 2, channels: 3, pageHeight: 1 } });
      const animation = await (
        format === "gif" ? made.gif({ delay: [50, 50] }) : made.webp({ lossless: true, delay: [50, 50] })
      ).toBuffer();
      expect((await sharp(animation).metadata()).pages, format).toBe(2);
      const image = await decodeImage(animation);
      expect([image.width, image.height, ...image.data], format).toEqual([2, 1, 255, 0, 0, 255, 0, 0]);
    }
  });

  test("a CMYK JPEG, in its colours: full magenta and yellow are red", async () => {
    const file = Buffer.from(CMYK_JPEG.join(""), "base64");
    expect((await sharp(file).metadata()).space).toBe("cmyk");
    const { width, height, data } = await decodeImage(file);
    expect([width, height, data.length]).toEqual([8, 8, 192]);
    const [red = 0, green = 0, blue = 0] = data;
    expect([red > 220, green < 40, blue < 50]).toEqual([true, true, true]); // no ink reaches pure red
  });

  test.each<[number, string[]]>([
    [1, ["ab", "cd", "ef"]],
    [2, ["ba", "dc", "fe"]],
    [3, ["fe", "dc", "ba"]],
    [4, ["ef", "cd", "ab"]],
    [5, ["ace", "bdf"]],
    [6, ["eca", "fdb"]],
    [7, ["fdb", "eca"]],
    [8, ["bdf", "ace"]],
  ])("EXIF orientation %i", async (orientation, rows) => {
    const letters = ["a", "b", "c", "d", "e", "f"];
    const turned = await sharp(Uint8Array.from(letters.flatMap((_, at) => [at * 40, at * 40, at * 40])), {
      raw: { width: 2, height: 3, channels: 3 },
    })
      .withMetadata({ orientation })
      .png()
      .toBuffer();
    const { width, data } = await decodeImage(turned);
    const spelt = Array.from({ length: 6 }, (_, at) => letters[(data[at * 3] as number) / 40]).join("");
    expect([width, spelt]).toEqual([rows[0]?.length, rows.join("")]);
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
