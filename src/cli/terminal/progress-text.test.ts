import { describe, expect, it } from "vitest";
import { describeProgress, formatDuration } from "./progress-text.ts";

describe("describeProgress", () => {
  it("leaves out what is not known", () => {
    const state = { label: "index", total: 9, done: 0, itemsPerSecond: 0, secondsLeft: undefined, elapsedSeconds: 3, over: false };
    expect(describeProgress(state)).toBe("index 0/9 steps, 3 s so far");
  });

  it("names units", () => {
    const state = {
      label: "embed",
      total: 9,
      done: 3,
      unit: "files",
      itemUnit: "texts",
      itemsPerSecond: 1234.5,
      secondsLeft: 61,
      elapsedSeconds: 3,
    };
    expect(describeProgress({ ...state, over: false })).toBe("embed 3/9 files, 1235 texts/s, 1 min 1 s left");
  });
});

describe("formatDuration", () => {
  it.each([
    [0.4, "0 s"],
    [59.4, "59 s"],
    [59.6, "1 min 0 s"],
    [3599, "59 min 59 s"],
    [7500, "2 h 5 min"],
    [90_000, "25 h 0 min"],
  ])("%d s is %s", (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });
});
