import { expect, test } from "vitest";
import { Permutation } from "./permutation.ts";

const all = (permutation: Permutation): number[] => Array.from({ length: permutation.count }, (_, place) => permutation.at(place));

test.each([1, 2, 3, 4, 5, 16, 17, 100, 1000, 65_537])("of %i has each number once", (count) => {
  const numbers = all(new Permutation(count, "seed", 1));
  expect(new Set(numbers).size).toBe(count);
  expect(Math.max(...numbers.slice(0, 10_000))).toBeLessThan(count);
});

test("depends on the keys alone", () => {
  expect(all(new Permutation(50, 7, "a"))).toEqual(all(new Permutation(50, 7, "a")));
  expect(all(new Permutation(50, 7, "a"))).not.toEqual(all(new Permutation(50, 8, "a")));
});

test("mixes: neighbours come apart, and each number is as likely at each place", () => {
  const numbers = all(new Permutation(1000, "mix"));
  const apart = numbers.slice(1).filter((number, at) => Math.abs(number - (numbers[at] ?? 0)) > 10).length;
  expect(apart).toBeGreaterThan(950);
  const first = Array.from({ length: 4000 }, (_, seed) => new Permutation(10, seed).at(3));
  for (let number = 0; number < 10; number++) {
    const count = first.filter((other) => other === number).length;
    expect(count).toBeGreaterThan(310);
    expect(count).toBeLessThan(490);
  }
});
