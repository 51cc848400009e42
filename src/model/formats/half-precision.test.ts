import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from "./half-precision.ts";

const everyHalf = Uint16Array.from({ length: 65_536 }, (_, bits) => bits);

describe.each([
  ["float16", float16ToFloat32, float32ToFloat16, 0x7c00],
  ["bfloat16", bfloat16ToFloat32, float32ToBfloat16, 0x7f80],
] as const)("%s", (_, widen, narrow, exponent) => {
  const isNaNBits = (bits: number): boolean => (bits & 0x7fff) > exponent;

  test("all 65,536 numbers come back bit for bit, NaN as NaN", () => {
    const back = narrow(widen(everyHalf));
    const wrong = everyHalf.filter((bits, index) => (isNaNBits(bits) ? !isNaNBits(back[index] as number) : back[index] !== bits));
    expect([...wrong]).toEqual([]);
  });

  test("halfway between two neighbours goes to the even one, anything else to the nearer", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: exponent - 2 }), fc.double({ min: 0, max: 1, noNaN: true }), (bits, share) => {
        const [below, above] = widen(Uint16Array.of(bits, bits + 1)) as unknown as [number, number];
        const value = Math.fround(below + (above - below) * share);
        const expected = value - below < above - value || (value - below === above - value && bits % 2 === 0) ? bits : bits + 1;
        expect(narrow(Float32Array.of(value, -value))).toEqual(Uint16Array.of(expected, expected | 0x8000));
      }),
    );
    const [below, above] = widen(Uint16Array.of(exponent - 2, exponent - 1)) as unknown as [number, number];
    expect(narrow(Float32Array.of((below + above) / 2))[0]).toBe(exponent - 2);
  });
});

test("float16: the largest number, what is beyond, the smallest", () => {
  const bits = float32ToFloat16(Float32Array.of(65_504, 65_519, 65_520, Infinity, 2 ** -24, 2 ** -25, 2 ** -25 * 1.01, -0));
  expect([...bits]).toEqual([0x7bff, 0x7bff, 0x7c00, 0x7c00, 1, 0, 1, 0x8000]);
});
