import { expect, test } from "vitest";
import { fieldDifferences } from "./field-differences.ts";
import { formatDuration, formatNumber, formatShare } from "./format.ts";
import { thin } from "./thin.ts";
import { smooth } from "./smooth.ts";
import { timeLeft } from "./time-left.ts";

test("smoothing: a mean of what came before, from the first number on; gaps stay gaps", () => {
  expect(smooth([4, null, 1, 1], 0)).toEqual([4, null, 1, 1]);
  // weights 1/2 and 1/4, over 3/4: (1 + 2) / (3 / 4) · 1/2 ...
  expect(smooth([4, null, 1, 1], 0.5)).toEqual([4, null, (4 / 4 + 1 / 2) / (3 / 4), (4 / 8 + 1 / 4 + 1 / 2) / (7 / 8)]);
  expect(smooth([3, 3, 3], 0.99)).toEqual([3, 3, 3].map((value) => expect.closeTo(value, 9) as unknown));
});

test("long curves are thinned to their least and greatest numbers; a part that is short enough is left whole", () => {
  const x = Array.from({ length: 1000 }, (_, place) => place);
  const peak = x.map((place) => (place === 503 ? 99 : place % 2));
  const sparse = x.map((place) => (place % 100 === 50 ? place : null));
  const thinned = thin({ x, ys: [peak, sparse] }, { range: undefined, most: 100 });
  expect([thinned.x.length, thinned.ys.map((values) => values.length)]).toEqual([100, [100, 100]]);
  expect([thinned.x[0], thinned.x[1], thinned.x.at(-1)]).toEqual([0, 19, 999]);
  expect([thinned.ys[0]?.includes(99), new Set(thinned.ys[1]).size]).toEqual([true, 11]);
  expect(thin({ x, ys: [peak] }, { range: [10, 12.5], most: 100 })).toEqual({ x: [9, 10, 11, 12, 13], ys: [[1, 0, 1, 0, 1]] });
  expect(thin({ x, ys: [peak] }, { range: undefined, most: 1000 }).x).toBe(x);
  expect(thin({ x, ys: [peak] }, { range: [2000, 3000], most: 1000 }).x).toBe(x);
});

test("the time left: steps at the recent pace, and evaluations, the last of them at the end", () => {
  expect(timeLeft({ seconds: [], step: 0, steps: 10 })).toBeUndefined();
  expect(timeLeft({ seconds: [1, null, 3], step: 3, steps: 10 })).toBe(14);
  expect(timeLeft({ seconds: [...Array<number>(100).fill(9), ...Array<number>(50).fill(1)], step: 150, steps: 160 })).toBe(10);
  expect(timeLeft({ seconds: [1], step: 1, steps: 10, evaluateEvery: 5, evaluationSeconds: 100 })).toBe(209);
  expect(timeLeft({ seconds: [1], step: 5, steps: 12, evaluateEvery: 5, evaluationSeconds: 100 })).toBe(207);
  expect(timeLeft({ seconds: [1], step: 12, steps: 12, evaluateEvery: 5, evaluationSeconds: 100 })).toBe(0);
});

test.each([
  [0, "0"],
  [1234.56, "1,235"],
  [123.456, "123.5"],
  [12.3456, "12.35"],
  [-0.01234, "\u22120.0123"],
  [0.00001234, "1.23e\u22125"],
  [-1.5e9, "\u22121.50e9"],
  [Number.NaN, "NaN"],
])("%d is told as %s", (value, text) => expect(formatNumber(value)).toBe(text));

test.each([
  [0.123, "0.12 s"],
  [59.7, "1 min 0 s"],
  [42, "42 s"],
  [320, "5 min 20 s"],
  [3599.6, "1 h 0 min"],
  [9000, "2 h 30 min"],
  [200_000, "2 d 8 h"],
  [Number.NaN, "?"],
])("%d seconds are told as %s", (seconds, text) => expect(formatDuration(seconds)).toBe(text));

test("shares are told in per cent", () => expect(formatShare(0.1234)).toBe("12.3 %"));

test("fields in which recipes differ", () => {
  const recipes = [
    { a: 1, b: { c: [1], d: "x" } },
    { a: 1, b: { c: [2], d: "x", e: null } },
  ];
  expect(fieldDifferences(recipes)).toEqual([
    { field: "b.c", values: ["[1]", "[2]"] },
    { field: "b.e", values: ["", "null"] },
  ]);
  expect(fieldDifferences([recipes[0], recipes[0]])).toEqual([]);
});
