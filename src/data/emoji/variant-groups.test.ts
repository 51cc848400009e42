import { describe, expect, test } from "vitest";
import { normaliseCodePoints } from "./code-points.ts";
import type { EmojiWords } from "./concepts.ts";
import { splitOf } from "./splits.ts";
import { variantGroups } from "./variant-groups.ts";

function words(entries: readonly (readonly [string, string])[]): EmojiWords[] {
  return entries.map(([id, label]) => ({ id, label, character: "", tags: [], group: "", subgroup: "", shortcodes: [] }));
}

describe("normaliseCodePoints", () => {
  test.each([
    ["1F468-200D-2695-FE0F", "1f468-200d-2695"],
    ["0023-FE0F-20E3", "23-20e3"],
    ["00a9", "a9"],
    ["1f1e6_1f1e8", "1f1e6-1f1e8"],
    ["0", "0"],
  ])("%s -> %s", (given, expected) => expect(normaliseCodePoints(given)).toBe(expected));
});

describe("variantGroups", () => {
  test("puts genders, directions and hair of a figure together, by code points or by words", () => {
    const groups = variantGroups(
      words([
        ["1f9d1-200d-1f33e", "farmer"],
        ["1f468-200d-1f33e", "man farmer"],
        ["1f469-200d-1f33e", "woman farmer"],
        ["1f6b6", "person walking"],
        ["1f6b6-200d-2642", "man walking"],
        ["1f6b6-200d-27a1", "person walking: facing right"],
        ["1f483", "woman dancing"],
        ["1f57a", "man dancing"],
        ["1f468-200d-1f9b0", "man: red hair"],
        ["1f9d4", "person: beard"],
        ["1f48f", "kiss"],
        ["1f468-200d-2764-200d-1f48b-200d-1f468", "kiss: man, man"],
        ["1f48b", "kiss mark"],
        ["27a1", "right arrow"],
        ["2640", "female sign"],
        ["1f33e", "sheaf of rice"],
      ]),
    );
    expect(groups).toEqual([
      ...Array<string>(3).fill("1f9d1-200d-1f33e"),
      ...Array<string>(3).fill("1f6b6"),
      ...Array<string>(2).fill("1f483"),
      ...Array<string>(2).fill("1f468-200d-1f9b0"),
      ...Array<string>(2).fill("1f48f"),
      "1f48b",
      "27a1",
      "2640",
      "1f33e",
    ]);
  });
});

describe("splitOf", () => {
  test("is stable and keeps its shares", () => {
    expect(["1f600", "1f431", "2764", "1f680"].map(splitOf)).toMatchInlineSnapshot(`
      [
        "test",
        "train",
        "train",
        "train",
      ]
    `);
    const splits = Array.from({ length: 5000 }, (_, index) => splitOf(`group ${index}`));
    const share = (split: string): number => splits.filter((other) => other === split).length / splits.length;
    expect(share("train")).toBeCloseTo(0.7, 1);
    expect(share("validation")).toBeCloseTo(0.1, 1);
    expect(share("test")).toBeCloseTo(0.2, 1);
  });
});
