import { expect, test } from "vitest";
import { axisEnd, fit, stepOf } from "./charts/layout.ts";
import {
  count,
  decimal,
  duration,
  flops,
  milliseconds,
  percent,
  percentInterval,
  points,
  pointsInterval,
  quantity,
  times,
} from "./format-number.ts";

test("shares and differences", () => {
  expect([percent(0.3421), percent(1), percent(0)]).toEqual(["34.2", "100.0", "0.0"]);
  expect([points(0.0071), points(-0.0071), points(0), points(-0.0001)]).toEqual(["+0.7", "−0.7", "0.0", "0.0"]);
  expect(percentInterval({ value: 0.3, low: 0.25, high: 0.35 })).toBe("25.0 to 35.0");
  expect(pointsInterval({ value: 0, low: -0.003, high: 0.017 })).toBe("−0.3 to +1.7");
});

test("times", () => {
  expect([duration(null), duration(0.84), duration(42.4), duration(59.7), duration(252), duration(3599.9), duration(7500)]).toEqual([
    "–", "0.8 s", "42 s", "1 min 00 s", "4 min 12 s", "1 h 00 min", "2 h 05 min",
  ]); // prettier-ignore
  expect([milliseconds(1.237), milliseconds(12.37), milliseconds(1237), milliseconds(null)]).toEqual([
    "1.24 ms",
    "12.4 ms",
    "1,237 ms",
    "–",
  ]);
});

test("amounts", () => {
  expect([flops(3.2e15), flops(812), flops(null), quantity(8.2e6), quantity(12)]).toEqual([
    "3.20 PFLOP",
    "812 FLOP",
    "–",
    "8.20 M",
    "12.0",
  ]);
  expect([count(3768), count(-1234), decimal(-0.5), decimal(null), times(1.04), times(12.04)]).toEqual([
    "3,768",
    "−1,234",
    "−0.50",
    "–",
    "1.04 ×",
    "12.0 ×",
  ]);
});

test("chart arithmetic", () => {
  expect([axisEnd([0.03]), axisEnd([0.41]), axisEnd([0.99]), axisEnd([])]).toEqual([0.05, 0.5, 1, 0.05]);
  expect([stepOf(0, 0, 1, 7), stepOf(1, 0, 1, 7), stepOf(0.5, 0, 1, 7), stepOf(-3, 0, 1, 7), stepOf(1, 1, 1, 7)]).toEqual([0, 6, 3, 0, 0]);
  expect([fit("short", 10), fit("a long name", 6), fit("😀😀😀", 2)]).toEqual(["short", "a lon…", "😀…"]);
});
