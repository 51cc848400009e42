import { expect, test } from "vitest";
import { thrownBy } from "../../test/support/thrown-by.ts";
import { AbortedError } from "../errors/families.ts";
import { inputWindows, type Prepared, type WindowOptions } from "./input-windows.ts";

const options: WindowOptions<number, number> = { prepare: async (input) => input * 10, bytesOf: () => 1, size: 3 };

async function collect(windows: AsyncIterable<Prepared<number>[]>): Promise<(number | undefined)[][]> {
  const collected: (number | undefined)[][] = [];
  for await (const window of windows) collected.push(window.map(({ value }) => value));
  return collected;
}

test("windows hold prepared inputs in their order", async () => {
  const slow = {
    ...options,
    prepare: async (input: number) => (await new Promise((resolve) => setTimeout(resolve, 8 - 2 * input)), input),
  };
  expect(await collect(inputWindows([1, 2, 3, 4], slow))).toEqual([[1, 2, 3], [4]]);
  expect(await collect(inputWindows([], options))).toEqual([]);
});

test("an input that cannot be prepared keeps its place", async () => {
  const failing = {
    ...options,
    prepare: (input: number) => (input === 2 ? Promise.reject(new RangeError("no 2")) : Promise.resolve(input)),
  };
  for await (const window of inputWindows([1, 2, 3], failing)) {
    expect(window.map(({ index, value, error }) => [index, value ?? error?.message])).toEqual([
      [0, 1],
      [1, "no 2"],
      [2, 3],
    ]);
  }
});

test("a window closes when its inputs are heavy", async () => {
  const heavy = { ...options, bytesOf: () => 2 ** 28 };
  expect(await collect(inputWindows([1, 2, 3], heavy))).toEqual([[10], [20], [30]]);
});

test("what a stream throws is thrown, and a caller that stops closes the stream", async () => {
  let closed = 0;
  async function* stream(): AsyncGenerator<number> {
    try {
      yield* [1, 2, 3, 4];
      throw new RangeError("the stream broke");
    } finally {
      closed++;
    }
  }
  expect(await thrownBy(() => collect(inputWindows(stream(), options)))).toBeInstanceOf(RangeError);
  for await (const window of inputWindows(stream(), { ...options, size: 1 })) {
    expect(window.length).toBe(1);
    break;
  }
  expect(closed).toBe(2);
});

test("it stops on request", async () => {
  const signal = AbortSignal.abort();
  expect(await thrownBy(() => collect(inputWindows([1], { ...options, signal })))).toBeInstanceOf(AbortedError);
});
