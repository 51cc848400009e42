import { describe, expect, test } from "vitest";
import { contentWords } from "./content-words.ts";
import { HeldOutWords } from "./held-out-words.ts";
import { plainIconName } from "./icon-names.ts";

describe("contentWords", () => {
  test.each([
    ["pile of books", ["pile", "book"]],
    ["red apple", ["apple"]],
    ["orange", ["orange"]],
    ["cherries and boxes", ["cherry", "box"]],
    ["glass", ["glass"]],
  ])("%s -> %j", (text, expected) => expect(contentWords(text)).toEqual(expected));
});

describe("HeldOutWords", () => {
  const heldOut = new HeldOutWords([
    { label: "dog face", tags: ["pet", "puppy"] },
    { label: "hot dog", tags: ["sausage"] },
    { label: "woman farmer", tags: ["gardener", "farm hand"] },
  ]);

  test.each([
    ["sitting dog", []],
    ["dogs", []],
    ["puppy", []],
    ["bone", ["dog"]],
    ["farmer", []],
    ["farm hands", []],
  ])("refuses %s %j", (name, tags) => expect(heldOut.refuses({ name, tags })).toBe(true));

  test.each([
    ["hot spring", ["pets shop"]],
    ["farm", ["hand"]],
    ["person", []],
    ["sausages roll", []],
  ])("lets %s %j pass", (name, tags) => expect(heldOut.refuses({ name, tags })).toBe(false));
});

describe("plainIconName", () => {
  test.each([
    ["alarm-clock-outline", undefined],
    ["bear-outline", "bear"],
    ["castle-2", "castle"],
    ["file-plus", undefined],
    ["file", "file"],
    ["letter-a", undefined],
    ["a-very-long-icon-name", undefined],
    ["Pine_Tree", "pine tree"],
  ])("%s -> %s", (name, expected) => expect(plainIconName(name)).toBe(expected));
});
