import { expect, test } from "vitest";
import { formatSection, missedBars } from "./report.ts";
import { spreadOf } from "./statistics.ts";
import type { SuiteSection } from "./suite.ts";

const section: SuiteSection = {
  title: "two ways",
  measurements: [],
  comparisons: [{ name: "int8", baseline: "float32", ratio: spreadOf([0.6]) }],
  bars: { int8: 0.5 },
  verdicts: [
    { name: "memory", got: "6 GB", bar: "<= 5 GB", isMet: false },
    { name: "opening", got: "0.1 s", bar: "<= 5 s", isMet: true },
  ],
  facts: { speed: "fast" },
};

test("ratios over their bar and verdicts that are not met are missed", () => {
  expect(missedBars(section)).toEqual(["int8", "memory"]);
  expect(missedBars({ ...section, bars: { int8: 0.7 }, verdicts: [] })).toEqual([]);
});

test("a section tells its verdicts", () => {
  const lines = formatSection(section).split("\n");
  expect(lines[0]).toBe("two ways");
  expect(lines.slice(-3)).toEqual(["memory: 6 GB (<= 5 GB: missed)", "opening: 0.1 s (<= 5 s: met)", "speed: fast"]);
});
