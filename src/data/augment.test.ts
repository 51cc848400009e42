import { describe, expect, test } from "vitest";
import { fingerprint } from "../../test/support/data/fingerprint.ts";
import { RandomStream } from "../random/random-stream.ts";
import { augmentationLimits, augmentDrawing, CAREFUL_LIMITS } from "./augment.ts";
import { blankImage, type DrawnImage } from "./images/drawn-image.ts";

/** A red disc left of the middle. */
function disc(): DrawnImage {
  const image = blankImage(32, 32);
  const alpha = new Uint8Array(32 * 32);
  for (let pixel = 0; pixel < alpha.length; pixel++) {
    const [x, y] = [(pixel % 32) - 10, Math.floor(pixel / 32) - 16];
    if (x * x + y * y > 49) continue;
    alpha[pixel] = 255;
    image.data.set([220, 20, 20], pixel * 3);
  }
  return { image, alpha };
}

describe("augmentDrawing", () => {
  test("depends on the stream alone, changes something, and keeps the original", () => {
    const drawn = disc();
    const before = drawn.image.data.slice();
    const limits = augmentationLimits("disc", []);
    const pictures = Array.from({ length: 40 }, (_, index) => augmentDrawing(drawn, new RandomStream("augment", index), limits));
    const again = Array.from({ length: 40 }, (_, index) => augmentDrawing(drawn, new RandomStream("augment", index), limits));
    expect(fingerprint(again)).toBe(fingerprint(pictures));
    expect(new Set(pictures.map(fingerprint)).size).toBe(40);
    expect(pictures.every((picture) => picture.width === 32 && picture.data.length === 32 * 32 * 3)).toBe(true);
    expect(drawn.image.data).toEqual(before);
  });

  test("mirrors and recolours only where it may", () => {
    const drawn = disc();
    const redLeft = (limits: typeof CAREFUL_LIMITS): number =>
      Array.from({ length: 60 }, (_, index) => augmentDrawing(drawn, new RandomStream("limits", index), limits)).filter(({ data }) => {
        let balance = 0;
        for (let offset = 0; offset < data.length; offset += 3) {
          const isRed =
            (data[offset] as number) > 1.5 * (data[offset + 1] as number) + 20 &&
            (data[offset] as number) > 1.5 * (data[offset + 2] as number) + 20;
          if (isRed) balance += (offset / 3) % 32 < 16 ? 1 : -1;
        }
        return balance > 0;
      }).length;
    expect(redLeft(CAREFUL_LIMITS)).toBeGreaterThan(55);
    expect(redLeft({ flip: true, recolour: true, turn: true })).toBeLessThan(40);
  });
});

describe("augmentationLimits", () => {
  test("follow the words", () => {
    expect(augmentationLimits("dog face", ["dog", "pet", "animal mammal"])).toEqual({ flip: true, recolour: true, turn: true });
    expect(augmentationLimits("left arrow", ["arrow"])).toMatchObject({ flip: false, turn: false });
    expect(augmentationLimits("backhand index pointing right", ["hand"])).toMatchObject({ flip: false });
    expect(augmentationLimits("four-thirty", ["clock", "time"])).toMatchObject({ flip: false, turn: false });
    expect(augmentationLimits("keycap: 7", [])).toMatchObject({ flip: false });
    expect(augmentationLimits("red heart", ["love"])).toMatchObject({ flip: true, recolour: false });
    expect(augmentationLimits("redwood", ["tree"])).toMatchObject({ recolour: true });
  });
});
