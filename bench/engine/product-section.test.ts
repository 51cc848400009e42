import { expect, it } from "vitest";
import { spreadOf } from "../statistics.ts";
import { productFacts } from "./product-section.ts";

it("takes the fastest run of Polyvec's as the peak", () => {
  const measurement = (name: string, times: readonly number[]) => ({ name, times, milliseconds: spreadOf(times) });
  const facts = productFacts([
    measurement("square 512", [4, 4, 4]), // 2 x 512³ operations in 4 ms: 67.1 GFLOP/s
    measurement("square 1024", [16, 20, 40]), // at best 134.2 GFLOP/s
    measurement("PyTorch, square 1024", [8, 8, 8]),
  ]);
  expect(facts).toEqual({
    "measured peak": expect.stringMatching(/^134\.2 GFLOP\/s, the fastest single run/) as string,
    "square 512": "67.1 GFLOP/s, 50 % of the measured peak",
    "square 1024": "107.4 GFLOP/s, 80 % of the measured peak",
    "PyTorch, square 1024": "268.4 GFLOP/s, 200 % of the measured peak",
  });
});
