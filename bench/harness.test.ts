import { describe, expect, it } from "vitest";
import { compare, measure } from "./harness.ts";
import { spreadOf } from "./statistics.ts";

describe("measure", () => {
  it("interleaves the cases, leaves out the warm-up and starts each round with another case", async () => {
    let time = 0;
    const order: string[] = [];
    const takes = (name: string, ms: number) => ({
      name,
      run: (): void => {
        order.push(name);
        time += ms;
      },
    });
    const measured = await measure([takes("a", 2), takes("b", 6)], { rounds: 3, warmups: 1, now: () => time });
    expect(order.join("")).toBe("abbaabba");
    expect(measured.map(({ name, times }) => [name, times])).toEqual([
      ["a", [2, 2, 2]],
      ["b", [6, 6, 6]],
    ]);
    expect(compare(measured, "a")).toMatchObject([{ name: "b", baseline: "a", ratio: { median: 3 } }]);
  });

  it("takes a returned number as the time", async () => {
    const [measured] = await measure([{ name: "elsewhere", run: async () => 7 }], { rounds: 2 });
    expect(measured?.times).toEqual([7, 7]);
  });
});

describe("compare", () => {
  it("compares within rounds, so that a machine that slows down does not count", () => {
    const measurement = (name: string, times: readonly number[]) => ({ name, times, milliseconds: spreadOf(times) });
    const [ratio] = compare([measurement("base", [1, 10]), measurement("other", [2, 20])], "base");
    expect(ratio?.ratio).toMatchObject({ min: 2, median: 2, max: 2 });
  });
});

describe("spreadOf", () => {
  it("interpolates quantiles", () => {
    expect(spreadOf([4, 1, 3, 2])).toEqual({ median: 2.5, lowerQuartile: 1.75, upperQuartile: 3.25, min: 1, max: 4 });
  });
});
