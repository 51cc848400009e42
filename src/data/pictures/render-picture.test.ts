import { describe, expect, test } from "vitest";
import { renderPicture } from "./render-picture.ts";

const RED_SQUARE =
  '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10" viewBox="0 0 10 10"><rect width="10" height="10" fill="#f00"/></svg>';

describe("renderPicture", () => {
  test("draws on white with a margin, opacity beside it", async () => {
    const { rgb, alpha } = await renderPicture({ svg: RED_SQUARE }, 64);
    expect(rgb).toHaveLength(64 * 64 * 3);
    const at = (x: number, y: number): number[] => [...rgb.subarray((y * 64 + x) * 3, (y * 64 + x) * 3 + 3), alpha[y * 64 + x] as number];
    expect(at(1, 30)).toEqual([255, 255, 255, 0]);
    expect(at(2, 2)).toEqual([255, 0, 0, 255]);
    expect(at(61, 61)).toEqual([255, 0, 0, 255]);
    expect(at(62, 30)).toEqual([255, 255, 255, 0]);
  });

  test("mixes what is half transparent with white, and keeps the shape of what is not square", async () => {
    const svg =
      '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 10"><rect width="20" height="10" fill="#000" fill-opacity="0.5"/></svg>';
    const { rgb, alpha } = await renderPicture({ svg }, 64);
    expect(alpha[32 * 64 + 32]).toBeCloseTo(128, -1);
    expect(rgb[(32 * 64 + 32) * 3]).toBeCloseTo(127, -1);
    expect(alpha[8 * 64 + 32]).toBe(0);
  });

  test("is the same every time", async () => {
    const [first, second] = await Promise.all([renderPicture({ svg: RED_SQUARE }, 48), renderPicture({ svg: RED_SQUARE }, 48)]);
    expect(first).toEqual(second);
  });
});
