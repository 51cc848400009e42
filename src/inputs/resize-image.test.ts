import fc from "fast-check";
import { expect, test } from "vitest";
import type { RawImage } from "./embedding-input.ts";
import { resizeBicubic, resizeLanczos } from "./resize-image.ts";

const side = fc.integer({ min: 1, max: 40 });

function flatImage(width: number, height: number, [red, green, blue]: readonly number[]): RawImage {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, index) => [red, green, blue][index % 3] as number);
  return { width, height, data };
}

test.each([resizeBicubic, resizeLanczos])("a picture of one colour stays of that colour at any size: %o", (resize) => {
  fc.assert(
    fc.property(side, side, side, side, (width, height, newWidth, newHeight) => {
      const resized = resize(flatImage(width, height, [3, 128, 255]), { width: newWidth, height: newHeight });
      expect(resized).toEqual(flatImage(newWidth, newHeight, [3, 128, 255]));
    }),
  );
});

test("the same size is the same picture", () => {
  const image = flatImage(4, 5, [1, 2, 3]);
  expect(resizeBicubic(image, { width: 4, height: 5 })).toBe(image);
  expect(resizeLanczos(image, { width: 4, height: 5 })).toBe(image);
});

test("worked by hand: two pixels to four, clipped where the curve overshoots", () => {
  // Distances to the two pixels are 0.25 and 1.25, weights 111/128 and -9/128; or 0.25 and 0.75, weights 111/128 and 29/128; made to sum to 1.
  const column = { width: 1, height: 2, data: Uint8Array.of(0, 0, 0, 140, 140, 140) };
  const expected = [(140 * -9) / 102, (140 * 29) / 140, (140 * 111) / 140, (140 * 111) / 102].map((value) =>
    Math.max(0, Math.round(value)),
  );
  const { data } = resizeBicubic(column, { width: 1, height: 4 });
  expect([...data]).toEqual(expected.flatMap((value) => [value, value, value]));
  expect(resizeBicubic({ ...column, width: 2, height: 1 }, { width: 4, height: 1 }).data).toEqual(data);
});

test("worked by hand: Lanczos' window, two pixels to four", () => {
  const column = { width: 1, height: 2, data: Uint8Array.of(40, 40, 40, 140, 140, 140) };
  const window = (x: number): number => (3 * Math.sin(Math.PI * x) * Math.sin((Math.PI * x) / 3)) / (Math.PI * x) ** 2;
  const mix = (first: number, second: number): number =>
    Math.round((40 * window(first) + 140 * window(second)) / (window(first) + window(second)));
  const expected = [mix(0.25, 1.25), mix(0.25, 0.75), mix(0.75, 0.25), mix(1.25, 0.25)];
  expect(expected).toEqual([22, 63, 117, 158]);
  const { data } = resizeLanczos(column, { width: 1, height: 4 });
  expect([...data]).toEqual(expected.flatMap((value) => [value, value, value]));
  expect(resizeLanczos({ ...column, width: 2, height: 1 }, { width: 4, height: 1 }).data).toEqual(data);
});
