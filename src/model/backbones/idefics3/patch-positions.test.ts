import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { partsOfPatches, tilePositions } from "./patch-positions.ts";

const REFERENCE = JSON.parse(await readFile("test/fixtures/idefics3/positions.json", "utf8")) as [number, number, number[]][];

test.each(REFERENCE)("%i learned positions on a side, %i patches: those that the library takes", (places, count, expected) => {
  expect([...partsOfPatches(count, places)]).toEqual(expected);
});

test("a block's patches lie together, blocks row by row", () => {
  expect([...tilePositions(2, { places: 2, blockSize: 2 })]).toEqual([0, 1, 2, 3]);
  expect([...tilePositions(4, { places: 4, blockSize: 2 })]).toEqual([0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15]);
});

test("a tile of fewer patches than positions is spread over all of them", () => {
  expect([...tilePositions(2, { places: 4, blockSize: 1 })]).toEqual([0, 2, 8, 10]);
});
