import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { mostPixels, tileCount, tileLayout } from "./image-layout.ts";
import { parsePreprocessorConfig } from "./preprocessor-config.ts";

const SETTINGS = parsePreprocessorConfig({}, { file: "" });

test("sizes and tiles of pictures of every shape are the library's", async () => {
  const rows = JSON.parse(await readFile("test/fixtures/idefics3/layouts.json", "utf8")) as number[][];
  expect(rows.length).toBeGreaterThan(200);
  const actual = rows.map(([longestEdge = 0, tileSize = 0, width = 0, height = 0]) => {
    const layout = tileLayout({ width, height }, { ...SETTINGS, longestEdge, tileSize });
    const { resized, whole, rows: down, columns } = layout;
    return [longestEdge, tileSize, width, height, resized.width, resized.height, whole.width, whole.height, down, columns];
  });
  expect(actual).toEqual(rows);
});

test("without splitting, all of a picture is brought to one tile after the first step", () => {
  const layout = tileLayout({ width: 300, height: 100 }, { ...SETTINGS, doImageSplitting: false, longestEdge: 150, tileSize: 20 });
  expect(layout).toEqual({ resized: { width: 150, height: 50 }, whole: { width: 20, height: 20 }, rows: 0, columns: 0 });
  expect(tileCount(layout)).toBe(1);
});

test("without resizing, a picture no larger than a tile is one tile", () => {
  const settings = { ...SETTINGS, doResize: false, tileSize: 20 };
  expect(tileLayout({ width: 20, height: 3 }, settings)).toMatchObject({ rows: 0, columns: 0, whole: { width: 20, height: 20 } });
  expect(tileLayout({ width: 21, height: 3 }, settings)).toMatchObject({ rows: 1, columns: 2, whole: { width: 40, height: 20 } });
});

test("the most pixels that are looked at", () => {
  expect(mostPixels({ ...SETTINGS, longestEdge: 2048, tileSize: 512 })).toBe(2048 ** 2);
  expect(mostPixels({ ...SETTINGS, longestEdge: 50, tileSize: 28 })).toBe(56 ** 2);
  expect(mostPixels({ ...SETTINGS, longestEdge: 50, tileSize: 28, doImageSplitting: false })).toBe(28 ** 2);
});
