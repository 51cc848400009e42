import { expect, test } from "vitest";
import { Bound } from "./bound.ts";

/** How many more may begin. */
function begin(bound: Bound): number {
  let begun = 0;
  for (; bound.isOpen && begun < 100; begun++) bound.enter();
  return begun;
}

test("four begin before it is known how heavy one is, then as many as fit, counting the unknown as heavy as the heaviest", () => {
  const bound = new Bound({ most: 50, mostBytes: 100 });
  expect(begin(bound)).toBe(4);
  bound.weigh(10);
  expect(begin(bound)).toBe(6); // 10 bytes known, 9 unknown of 10 each
  bound.weigh(30);
  expect(bound.isOpen).toBe(false);
  bound.leave(30);
  expect([bound.count, bound.isOpen]).toEqual([9, false]);
});

test("no more than so many, however light", () => {
  const bound = new Bound({ most: 5, mostBytes: 100 });
  bound.enter();
  bound.weigh(0);
  expect(begin(bound)).toBe(4);
  bound.leave(0);
  expect(begin(bound)).toBe(1);
});

test("one may always begin where none is under way", () => {
  const bound = new Bound({ most: 5, mostBytes: 100 });
  bound.enter();
  bound.weigh(1000);
  expect(bound.isOpen).toBe(false);
  bound.leave(1000);
  expect(begin(bound)).toBe(1);
});
