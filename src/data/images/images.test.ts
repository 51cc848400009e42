import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CANVAS_PLACES, composeCanvas, cropCanvas } from "./canvas.ts";
import { colourMatrix } from "./colour-matrix.ts";
import { colourName, dominantColour } from "./dominant-colour.ts";
import { blankImage, WHITE, withBackground, type Rgb } from "./drawn-image.ts";
import { restyle } from "./drawing-styles.ts";
import { resizeImage } from "./resize-image.ts";
import { warpImage } from "./warp-image.ts";

const SAME_PLACE = { flip: false, scaleX: 1, scaleY: 1, rotation: 0, shiftX: 0, shiftY: 0 };
const SAME_COLOURS = colourMatrix({ hue: 0, saturation: 1, brightness: 1, contrast: 1, pivot: 127.5 });

/** A 2 x 1 image: left one colour, right another. */
function pair(left: Rgb, right: Rgb): { width: number; height: number; data: Uint8Array } {
  return { width: 2, height: 1, data: Uint8Array.from([...left, ...right]) };
}

describe("resizeImage", () => {
  test("averages the area a pixel covers", () => {
    expect([...resizeImage(pair([0, 100, 200], [100, 200, 0]), 1, 1).data]).toEqual([50, 150, 100]);
    const image = { width: 3, height: 1, data: Uint8Array.from([0, 0, 0, 90, 90, 90, 180, 180, 180]) };
    expect([...resizeImage(image, 2, 1).data]).toEqual([30, 30, 30, 150, 150, 150]);
    expect([...resizeImage(pair([0, 0, 0], [9, 9, 9]), 4, 2).data]).toEqual([
      0, 0, 0, 0, 0, 0, 9, 9, 9, 9, 9, 9, 0, 0, 0, 0, 0, 0, 9, 9, 9, 9, 9, 9,
    ]);
  });

  test("keeps one colour, whatever the sizes", () => {
    const side = fc.integer({ min: 1, max: 40 });
    fc.assert(
      fc.property(side, side, side, side, (width, height, toWidth, toHeight) => {
        const { data } = resizeImage(blankImage(width, height, [12, 140, 250]), toWidth, toHeight);
        for (let offset = 0; offset < data.length; offset += 3) {
          if (data[offset] !== 12 || data[offset + 1] !== 140 || data[offset + 2] !== 250) return false;
        }
        return data.length === toWidth * toHeight * 3;
      }),
    );
  });
});

describe("canvas", () => {
  test("holds four drawings in reading order, cut out again at their places", () => {
    const colours: Rgb[] = [
      [255, 0, 0],
      [0, 255, 0],
      [0, 0, 255],
      [9, 9, 9],
    ];
    const canvas = composeCanvas(
      colours.map((colour) => blankImage(8, 8, colour)),
      12,
    );
    expect(canvas).toMatchObject({ width: 12, height: 12 });
    for (const [index, place] of CANVAS_PLACES.entries()) {
      expect(cropCanvas(canvas, place)).toEqual(blankImage(6, 6, colours[index] as Rgb));
    }
  });
});

describe("withBackground", () => {
  test("exchanges white exactly, as far as the drawing is transparent", () => {
    // black at opacity 0, 1/2 and 1 on white: 255, 127, 0
    const drawn = {
      image: { width: 3, height: 1, data: Uint8Array.from([255, 255, 255, 127, 127, 127, 0, 0, 0]) },
      alpha: Uint8Array.of(0, 128, 255),
    };
    const { data } = withBackground(drawn, [100, 0, 255]);
    expect([...data.subarray(0, 3)]).toEqual([100, 0, 255]);
    expect(data[3]).toBeCloseTo(50, -1);
    expect(data[4]).toBeLessThan(3);
    expect([...data.subarray(6)]).toEqual([0, 0, 0]);
  });
});

describe("warpImage", () => {
  const image = { width: 4, height: 4, data: Uint8Array.from({ length: 48 }, (_, index) => index * 5) };

  test("leaves everything as it is when nothing changes", () => {
    expect(warpImage(image, SAME_PLACE, SAME_COLOURS, WHITE)).toEqual(image);
  });

  test("mirrors, shifts and fills with the background", () => {
    expect(warpImage(pair([1, 2, 3], [4, 5, 6]), { ...SAME_PLACE, flip: true }, SAME_COLOURS, WHITE)).toEqual(pair([4, 5, 6], [1, 2, 3]));
    expect(warpImage(pair([1, 2, 3], [4, 5, 6]), { ...SAME_PLACE, shiftX: 0.5 }, SAME_COLOURS, [7, 8, 9])).toEqual(
      pair([7, 8, 9], [1, 2, 3]),
    );
  });

  test("turns clockwise by a quarter", () => {
    const source = { width: 2, height: 2, data: Uint8Array.from([1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]) };
    const turned = warpImage(source, { ...SAME_PLACE, rotation: Math.PI / 2 }, SAME_COLOURS, WHITE);
    expect([0, 3, 6, 9].map((offset) => turned.data[offset])).toEqual([3, 1, 4, 2]);
  });

  test("shrinks towards the middle", () => {
    const shrunk = warpImage(blankImage(8, 8, [0, 0, 0]), { ...SAME_PLACE, scaleX: 0.5, scaleY: 0.5 }, SAME_COLOURS, WHITE);
    expect(shrunk.data[0]).toBe(255);
    expect(shrunk.data[(4 * 8 + 4) * 3]).toBe(0);
  });
});

describe("colourMatrix", () => {
  test("changes nothing when neutral, takes colour away at saturation 0, keeps the pivot", () => {
    expect(SAME_COLOURS.map((value) => Math.round(value * 1e9) / 1e9)).toEqual([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]);
    const grey = warpImage(
      pair([200, 10, 30], [255, 255, 255]),
      SAME_PLACE,
      colourMatrix({ hue: 0, saturation: 0, brightness: 1, contrast: 1, pivot: 0 }),
      WHITE,
    );
    expect(new Set(grey.data.subarray(0, 3)).size).toBe(1);
    const pale = warpImage(
      pair([0, 0, 0], [255, 255, 255]),
      SAME_PLACE,
      colourMatrix({ hue: 0.3, saturation: 1, brightness: 1, contrast: 0.6, pivot: 255 }),
      WHITE,
    );
    expect([...pale.data]).toEqual([102, 102, 102, 255, 255, 255]);
  });
});

describe("colours", () => {
  test("have the names people use", () => {
    const named: [Rgb, string][] = [
      [[230, 30, 30], "red"],
      [[244, 140, 40], "orange"],
      [[255, 222, 52], "yellow"],
      [[90, 160, 60], "green"],
      [[60, 130, 230], "blue"],
      [[150, 80, 220], "purple"],
      [[255, 150, 190], "pink"],
      [[120, 70, 30], "brown"],
      [[10, 10, 10], "black"],
      [[250, 250, 250], "white"],
      [[128, 130, 133], "grey"],
    ];
    for (const [colour, name] of named) expect(colourName(...colour), name).toBe(name);
  });

  test("dominate only where most of the drawing has them, outlines apart", () => {
    const paint = (pixels: readonly Rgb[]): { image: { width: number; height: number; data: Uint8Array }; alpha: Uint8Array } => ({
      image: { width: pixels.length, height: 1, data: Uint8Array.from(pixels.flat()) },
      alpha: new Uint8Array(pixels.length).fill(255),
    });
    const [red, blue, black]: Rgb[] = [
      [230, 30, 30],
      [60, 130, 230],
      [0, 0, 0],
    ] as [Rgb, Rgb, Rgb];
    expect(dominantColour(paint([red, red, blue, black, black]))).toBe("red");
    expect(dominantColour(paint([red, blue]))).toBeUndefined();
    expect(dominantColour(paint([black, black, black, red]))).toBe("black");
    expect(dominantColour({ ...paint([red]), alpha: Uint8Array.of(0) })).toBeUndefined();
  });
});

describe("restyle", () => {
  /** A grey square in the middle of white. */
  const drawn = ((): { image: { width: number; height: number; data: Uint8Array }; alpha: Uint8Array } => {
    const image = blankImage(16, 16);
    const alpha = new Uint8Array(256);
    for (let row = 4; row < 12; row++) {
      for (let column = 4; column < 12; column++) {
        image.data.set([200, 120, 60], (row * 16 + column) * 3);
        alpha[row * 16 + column] = 255;
      }
    }
    return { image, alpha };
  })();
  const at = (image: { data: Uint8Array }, x: number, y: number): number[] => [
    ...image.data.subarray((y * 16 + x) * 3, (y * 16 + x) * 3 + 3),
  ];

  test("draws lines along the edges and leaves the rest", () => {
    const { image, alpha } = restyle(drawn, "line", 1);
    expect(at(image, 4, 8)).toEqual([0, 0, 0]);
    expect(at(image, 8, 8)).toEqual([255, 255, 255]);
    expect(at(image, 1, 1)).toEqual([255, 255, 255]);
    expect(alpha[8 * 16 + 4]).toBe(255);
    expect(alpha[8 * 16 + 8]).toBe(0);
  });

  test("outlines, flattens and takes colour away; the original stays as it was", () => {
    const before = drawn.image.data.slice();
    expect(at(restyle(drawn, "outlined", 1).image, 4, 8)).toEqual([0, 0, 0]);
    expect(at(restyle(drawn, "outlined", 1).image, 8, 8)).toEqual([255, 128, 0]);
    expect(at(restyle(drawn, "flat", 1).image, 8, 8)).toEqual([255, 128, 0]);
    expect(new Set(at(restyle(drawn, "grey", 1).image, 8, 8)).size).toBe(1);
    expect(restyle(drawn, "plain", 1)).toBe(drawn);
    expect(drawn.image.data).toEqual(before);
  });
});
