import { expect, test } from "vitest";
import { formatBytes, formatCount } from "./format-numbers.ts";

test.each([
  [0, "0"],
  [950, "950"],
  [1000, "1.00 K"],
  [12_345, "12.3 K"],
  [99_960, "100 K"],
  [999_499, "999 K"],
  [999_999, "1.00 M"],
  [2_210_000_000, "2.21 B"],
])("%i is %s", (count, text) => {
  expect(formatCount(count)).toBe(text);
});

test("bytes", () => {
  expect([formatBytes(7), formatBytes(19_800_000)]).toEqual(["7 B", "19.8 MB"]);
});
