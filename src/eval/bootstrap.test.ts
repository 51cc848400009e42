import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RandomStream } from "../random/random-stream.ts";
import { difference, estimate, mean, meanOverSeeds, meanOverTasks, QueryResampler, standardDeviation } from "./bootstrap.ts";

const half = Uint8Array.from({ length: 400 }, (_, query) => query % 2);

describe("QueryResampler", () => {
  test("gives the interval of a proportion: 1.96 standard errors each side", () => {
    const { value, low, high } = estimate(new QueryResampler("task", 400, { resamples: 8000 }).replicate(half));
    const margin = 1.96 * Math.sqrt(0.25 / 400);
    expect(value).toBe(0.5);
    expect(low).toBeCloseTo(0.5 - margin, 2);
    expect(high).toBeCloseTo(0.5 + margin, 2);
  });
  test("is the same for the same seed and another for another", () => {
    const at = (seed: number): Float64Array => new QueryResampler("task", 400, { seed }).replicate(half).samples;
    expect(at(1)).toEqual(at(1));
    expect(at(1)).not.toEqual(at(2));
  });
  test("leaves nothing to chance where every outcome is the same", () => {
    const resampler = new QueryResampler("task", 50);
    expect(estimate(resampler.replicate(new Uint8Array(50)))).toEqual({ value: 0, low: 0, high: 0 });
    expect(estimate(resampler.replicate(new Uint8Array(50).fill(1)))).toEqual({ value: 1, low: 1, high: 1 });
  });
  test("holds the value within the interval and the interval within the outcomes", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 1, maxLength: 40 }), (outcomes) => {
        const { value, low, high } = estimate(new QueryResampler("task", outcomes.length, { resamples: 1000 }).replicate(outcomes));
        expect(low).toBeLessThanOrEqual(value);
        expect(high).toBeGreaterThanOrEqual(value);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(1);
      }),
      { numRuns: 30 },
    );
  });
  test("covers the truth about 95 times in 100", () => {
    const random = new RandomStream(7, "coverage");
    let covered = 0;
    for (let trial = 0; trial < 200; trial++) {
      const outcomes = Array.from({ length: 120 }, () => Number(random.uniform() < 0.3));
      const { low, high } = estimate(new QueryResampler("task", 120, { seed: trial, resamples: 1000 }).replicate(outcomes));
      if (low <= 0.3 && 0.3 <= high) covered++;
    }
    expect(covered).toBeGreaterThanOrEqual(180);
    expect(covered).toBeLessThanOrEqual(199);
  });
  test("refuses a task without rows and outcomes of another task", () => {
    expect(() => new QueryResampler("empty", 0)).toThrow(/empty has no rows/);
    expect(() => new QueryResampler("task", 3).replicate([1, 0])).toThrow(/2 outcomes for 3 queries/);
  });
});

describe("difference", () => {
  test("is paired: two models that always agree differ by exactly nothing", () => {
    const resampler = new QueryResampler("task", 400);
    expect(estimate(difference(resampler.replicate(half), resampler.replicate(half.slice())))).toEqual({ value: 0, low: 0, high: 0 });
  });
  test("is narrower than two intervals taken apart, where the models mostly agree", () => {
    const resampler = new QueryResampler("task", 400);
    const better = half.map((hit, query) => (query < 20 ? 1 : hit)); // 10 more hits
    const paired = estimate(difference(resampler.replicate(better), resampler.replicate(half)));
    expect(paired.value).toBeCloseTo(0.025, 12);
    expect(paired.low).toBeGreaterThan(0.005);
    expect(paired.high).toBeLessThan(0.045);
  });
});

describe("meanOverTasks", () => {
  test("counts every task the same", () => {
    const long = new QueryResampler("long", 1000).replicate(new Uint8Array(1000));
    const short = new QueryResampler("short", 10).replicate(new Uint8Array(10).fill(1));
    expect(estimate(meanOverTasks([long, short]))).toEqual({ value: 0.5, low: 0.5, high: 0.5 });
  });
  test("resamples tasks independently: their intervals add as variances do", () => {
    const tasks = ["a", "b", "c", "d"].map((name) => new QueryResampler(name, 400, { resamples: 8000 }).replicate(half));
    const { low, high } = estimate(meanOverTasks(tasks));
    expect(high - low).toBeCloseTo((2 * 1.96 * Math.sqrt(0.25 / 400)) / 2, 2);
  });
});

describe("meanOverSeeds", () => {
  const resampler = new QueryResampler("task", 400);
  const none = resampler.replicate(new Uint8Array(400));
  const every = resampler.replicate(new Uint8Array(400).fill(1));

  test("with one seed is that run", () => {
    expect(meanOverSeeds([resampler.replicate(half)], [3]).samples).toEqual(resampler.replicate(half).samples);
  });
  test("lets the seeds' spread widen the interval", () => {
    expect(estimate(meanOverSeeds([none, every], [0, 1]))).toEqual({ value: 0.5, low: 0, high: 1 });
  });
  test("pairs models trained on the same seeds", () => {
    const first = meanOverSeeds([none, every], [0, 1]);
    const second = meanOverSeeds([none, every], [0, 1]);
    expect(estimate(difference(first, second))).toEqual({ value: 0, low: 0, high: 0 });
    const elsewhere = meanOverSeeds([none, every], [2, 3]);
    expect(estimate(difference(first, elsewhere)).high).toBe(1);
  });
});

test("mean and standard deviation, by hand", () => {
  expect(mean([1, 2, 6])).toBe(3);
  expect(standardDeviation([1, 2, 6])).toBeCloseTo(Math.sqrt(7), 12);
  expect(standardDeviation([5])).toBeNull();
});
