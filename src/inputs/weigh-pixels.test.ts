import fc from "fast-check";
import { expect, test } from "vitest";
import type { RawImage } from "./embedding-input.ts";
import { PRECISION_BITS, weighAcross, weighDown, type PixelWeights } from "./weigh-pixels.ts";

const STRIDE = 3;

/** Each position weighs three pixels, fewer at the end, with weights that go beyond what a byte holds on either side. */
function weightsOf(source: number, positions: number): PixelWeights {
  const first = Int32Array.from({ length: positions }, (_, at) => Math.min(source - 1, Math.floor((at * source) / positions)));
  const length = first.map((begin) => Math.min(source - begin, STRIDE));
  const values = Int32Array.from({ length: positions * STRIDE }, (_, at) => ((at * 37) % 100) * 40_000 - 1_400_000);
  return { first, length, values, stride: STRIDE };
}

/** The sum of a position's pixels, `step` bytes apart, as a byte. */
function weighed(
  { data }: RawImage,
  { first, length, values }: PixelWeights,
  place: { position: number; from: number; step: number },
): number {
  const { position, from, step } = place;
  let sum = 2 ** (PRECISION_BITS - 1);
  for (let tap = 0; tap < length[position]!; tap++) sum += values[position * STRIDE + tap]! * data[from + (first[position]! + tap) * step]!;
  return Math.max(0, Math.min(255, Math.floor(sum / 2 ** PRECISION_BITS)));
}

function noise(width: number, height: number): RawImage {
  return { width, height, data: Uint8Array.from({ length: width * height * 3 }, (_, at) => Math.imul(at + 1, 2654435761) >>> 24) };
}

function expectBothWays(width: number, height: number, positions: number): void {
  const image = noise(width, height);
  const [across, down] = [weightsOf(width, positions), weightsOf(height, positions)];
  const wide = Uint8Array.from({ length: height * positions * 3 }, (_, at) => {
    const row = Math.floor(at / (positions * 3));
    return weighed(image, across, { position: Math.floor(at / 3) % positions, from: row * width * 3 + (at % 3), step: 3 });
  });
  const high = Uint8Array.from({ length: positions * width * 3 }, (_, at) =>
    weighed(image, down, { position: Math.floor(at / (width * 3)), from: at % (width * 3), step: width * 3 }),
  );
  expect(Buffer.compare(weighAcross(image, across).data, wide)).toBe(0);
  expect(Buffer.compare(weighDown(image, down).data, high)).toBe(0);
}

test("each number is the weighed sum, rounded and clipped", () => {
  const side = fc.integer({ min: 1, max: 30 });
  fc.assert(fc.property(side, side, side, expectBothWays));
});

test.each([
  ["many rows", 200, 900, 150],
  ["rows larger than a strip", 50_000, 3, 2],
  ["a result larger than a strip", 3, 10, 20_000],
] as const)("in strips: %s", (_, width, height, positions) => {
  expectBothWays(width, height, positions);
});
