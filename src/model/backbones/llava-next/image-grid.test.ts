import fc from "fast-check";
import { expect, test } from "vitest";
import { CLIP_PIXEL_SCALE } from "../../multimodal/pixel-levels.ts";
import { LLAVA_NEXT_PINPOINTS } from "./config.ts";
import { imageFeatureRows, imageGrid, imageTokenCount } from "./image-grid.ts";
import type { ImageProcessorConfig } from "./preprocessor-config.ts";

const PUBLISHED: ImageProcessorConfig = { ...CLIP_PIXEL_SCALE, tileSize: 336, patchSize: 14, gridPinpoints: LLAVA_NEXT_PINPOINTS };
const BASE_ONLY: ImageProcessorConfig = { ...PUBLISHED, gridPinpoints: [] };
/** Tiles of 2 x 2 patches. */
const TINY: ImageProcessorConfig = { ...PUBLISHED, tileSize: 2, patchSize: 1, gridPinpoints: [{ width: 4, height: 2 }] };

test.each([
  ["a square of one tile, on the first of two equal pinpoints", [336, 336], { tiles: [1, 2], fitted: [336, 336], kept: [0, 12, 24, 24] }],
  ["4:3, enlarged to the full width", [640, 480], { tiles: [2, 2], fitted: [672, 504], kept: [6, 0, 36, 48] }],
  ["a strip", [1500, 200], { tiles: [1, 3], fitted: [1008, 135], kept: [7, 0, 10, 72] }],
  ["a tower", [200, 1500], { tiles: [3, 1], fitted: [135, 1008], kept: [0, 7, 72, 10] }],
  ["a single pixel", [1, 1], { tiles: [1, 2], fitted: [336, 336], kept: [0, 12, 24, 24] }],
  ["a line so thin that no patch of it is kept", [10_000, 1], { tiles: [1, 2], fitted: [672, 1], kept: [12, 0, 0, 48] }],
] as const)("%s", (_, [width, height], { tiles, fitted, kept }) => {
  const grid = imageGrid({ width, height }, PUBLISHED);
  expect(grid.tiles).toEqual({ rows: tiles[0], columns: tiles[1] });
  expect(grid.fitted).toEqual({ width: fitted[0], height: fitted[1] });
  expect(grid.kept).toEqual({ top: kept[0], left: kept[1], rows: kept[2], columns: kept[3] });
  expect(imageTokenCount(grid, PUBLISHED)).toBe(576 + kept[2] * (kept[3] + 1));
});

test("without pinpoints there is only the base image", () => {
  const grid = imageGrid({ width: 640, height: 480 }, BASE_ONLY);
  expect(grid.tiles).toEqual({ rows: 0, columns: 0 });
  expect(imageTokenCount(grid, BASE_ONLY)).toBe(576);
  expect(imageFeatureRows(grid, BASE_ONLY, { firstTile: 2, newlineRow: 9999 })).toEqual(
    Array.from({ length: 576 }, (_, patch) => 2 * 576 + patch),
  );
});

test("rows of features go across the tiles and end with the newline", () => {
  const rows = imageFeatureRows(imageGrid({ width: 40, height: 20 }, TINY), TINY, { firstTile: 1, newlineRow: 99 });
  expect(rows).toEqual([4, 5, 6, 7, /**/ 8, 9, 12, 13, 99, /**/ 10, 11, 14, 15, 99]);
});

test("what shows the border is left out", () => {
  const rows = imageFeatureRows(imageGrid({ width: 10, height: 10 }, TINY), TINY, { firstTile: 0, newlineRow: 99 });
  expect(rows).toEqual([0, 1, 2, 3, /**/ 5, 8, 99, /**/ 7, 10, 99]);
});

test("there is a feature for every token, and none of another image's", () => {
  const side = fc.integer({ min: 1, max: 4000 });
  const settings = fc.constantFrom(PUBLISHED, BASE_ONLY);
  fc.assert(
    fc.property(side, side, settings, (width, height, settings) => {
      const grid = imageGrid({ width, height }, settings);
      const tiles = 1 + grid.tiles.rows * grid.tiles.columns;
      const rows = imageFeatureRows(grid, settings, { firstTile: 3, newlineRow: 1e6 });
      expect(rows).toHaveLength(imageTokenCount(grid, settings));
      const features = rows.filter((row) => row !== 1e6);
      expect(new Set(features).size).toBe(features.length);
      expect(features.every((row) => row >= 3 * 576 && row < (3 + tiles) * 576)).toBe(true);
    }),
    { numRuns: 50 },
  );
});
