import fc from "fast-check";
import { readRleBitPackedHybrid } from "hyparquet/src/encoding.js";
import { expect, test } from "vitest";
import { runsProblem, type RunStretch } from "./runs.ts";

/** All bytes of a stretch, `count` values of `width` bits. */
const stretch = (bytes: readonly number[], width: number, count: number): RunStretch => ({
  bytes: Uint8Array.from(bytes),
  begin: 0,
  end: bytes.length,
  width,
  count,
});

/** The values that a walk tells of. */
function walk(of: RunStretch): number[] {
  const values: number[] = [];
  expect(runsProblem(of, (value, times) => void values.push(...Array.from({ length: times }, () => value)))).toBeUndefined();
  return values;
}

test("repeated and packed values, by hand", () => {
  expect(walk(stretch([8 << 1, 3], 2, 8))).toEqual([3, 3, 3, 3, 3, 3, 3, 3]);
  expect(walk(stretch([0b11, 0b10001000, 0b11000110, 0b11111010], 3, 8))).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(walk(stretch([(2 << 1) | 0, 1, 0b11, 0b00000101], 1, 5))).toEqual([1, 1, 1, 0, 1]);
  expect(walk(stretch([3 << 1, 0x34, 0x12], 13, 3))).toEqual([0x1234, 0x1234, 0x1234]);
});

test.each([
  ["a run of two billion values", stretch([0xfe, 0xff, 0xff, 0xff, 0x0f, 1], 1, 8), /a run of 2147483647 values does not fit/],
  ["a run longer than what is left", stretch([9 << 1, 1], 1, 8), /a run of 9 values/],
  ["a run that is cut off", stretch([8 << 1], 1, 8), /a run of 8 values/],
  ["a group that is cut off", stretch([0b11, 1], 3, 8), /a group of 8 values/],
  ["many groups of values that take no bits", stretch([0xff, 0xff, 0xff, 0xff, 0x0f], 0, 8), /a group of 17179869176 values/],
  ["a group of nothing", stretch([1, 31, 20, 0], 1, 1), /a group of 0 values/],
  ["nothing", stretch([], 1, 8), /hold 0 of 8 values/],
  ["too few", stretch([4 << 1, 1], 1, 8), /hold 4 of 8 values/],
  ["a number without end", stretch([0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 1, 8), /hold 0 of 8/],
])("%s cannot be right", (_, of, message) => {
  expect(runsProblem(of)).toMatch(message);
});

test("what is taken for right is read by the decoder to the same values, whatever the bytes", () => {
  const bytes = fc.array(fc.oneof(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 40 })), { maxLength: 24 });
  fc.assert(
    fc.property(bytes, fc.integer({ min: 1, max: 12 }), fc.integer({ min: 0, max: 60 }), (content, width, count) => {
      const of = stretch(content, width, count);
      fc.pre(runsProblem(of) === undefined);
      const output = Array.from({ length: count }, () => 0);
      try {
        readRleBitPackedHybrid({ view: new DataView(of.bytes.buffer), offset: 0 }, width, output, content.length);
      } catch {
        fc.pre(false); // it reads groups to their ends, also where no value of them is wanted any more
      }
      expect(walk(of)).toEqual(output);
    }),
    { numRuns: 5000 },
  );
});
