import { createHash } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { loadIconCorpus, type IconCorpus } from "../icons/icon-corpus.ts";
import { HeldOutWords } from "../icons/held-out-words.ts";
import { scorePixelsByVendor } from "./baselines.ts";
import { conceptsOf, loadEmojiCorpus, type EmojiConcept, type EmojiCorpus } from "./corpus.ts";
import { DRAWING_SETS } from "./drawing-sets.ts";

// the one test file that draws the real pictures: half a minute the first time, then from the cache
let corpus: EmojiCorpus;
let icons: IconCorpus;
beforeAll(async () => {
  corpus = await loadEmojiCorpus();
  icons = await loadIconCorpus(corpus);
}, 240_000);

const SPLITS = ["train", "validation", "test"] as const;

describe("the emoji corpus", () => {
  test("has the 1,570 concepts that all five main sets draw, and says what it left out", () => {
    expect(corpus.concepts).toHaveLength(1570);
    expect(corpus.skipped.filter(({ reason }) => reason.includes("not drawn by"))).toHaveLength(344);
    const count = (name: string): number =>
      corpus.concepts.filter((concept) => [...concept.drawings.keys()].some((set) => set === name)).length;
    const counts = Object.fromEntries(DRAWING_SETS.map((set) => [set.name, count(set.name)]));
    expect(counts).toMatchInlineSnapshot(`
      {
        "fluent-3d": 1570,
        "fluent-contrast": 1570,
        "fluent-flat": 1570,
        "fxemoji": 833,
        "noto": 1570,
        "noto-v1": 1185,
        "openmoji": 1570,
        "streamline": 522,
        "twemoji": 1570,
      }
    `);
  });

  test("shares no concept, no variant and no picture between its splits", () => {
    const splitOfGroup = new Map<string, string>();
    const splitOfPicture = new Map<string, string>();
    for (const concept of corpus.concepts) {
      expect(splitOfGroup.get(concept.variantGroup) ?? concept.split, concept.label).toBe(concept.split);
      splitOfGroup.set(concept.variantGroup, concept.split);
      for (const drawing of concept.drawings.values()) {
        const picture = createHash("sha256").update(drawing.image.data).digest("hex");
        expect(splitOfPicture.get(picture) ?? concept.split, `${concept.label} by ${drawing.set}`).toBe(concept.split);
        splitOfPicture.set(picture, concept.split);
      }
    }
    expect(Object.fromEntries(SPLITS.map((split) => [split, conceptsOf(corpus, split).length]))).toMatchInlineSnapshot(`
      {
        "test": 330,
        "train": 1095,
        "validation": 145,
      }
    `);
  });

  test("has different names for different concepts, tags and a place in the order", () => {
    expect(new Set(corpus.concepts.map((concept) => concept.label)).size).toBe(1570);
    expect(new Set(corpus.concepts.map((concept) => concept.subgroup)).size).toBe(95);
    expect(corpus.concepts.every((concept, index) => concept.index === index && !concept.tags.includes(concept.label))).toBe(true);
    const apple = corpus.concepts.find((concept) => concept.label === "red apple") as EmojiConcept;
    expect(apple).toMatchObject({ id: "1f34e", character: "🍎", group: "food drink", subgroup: "food fruit" });
    expect(apple.tags).toContain("fruit");
  });

  test("keeps all pixels in one block", () => {
    const drawings = corpus.concepts.flatMap((concept) => [...concept.drawings.values()]);
    expect(new Set(drawings.flatMap((drawing) => [drawing.image.data.buffer, drawing.alpha.buffer])).size).toBe(1);
    expect(drawings.every((drawing) => drawing.image.data.length === 64 * 64 * 3 && drawing.alpha.length === 64 * 64)).toBe(true);
    expect(drawings.every((drawing) => drawing.image.data.some((value) => value <= 245))).toBe(true);
  });

  test("knows two designs from one: pixels match Fluent 3D with Fluent flat, hardly OpenMoji with Noto", { timeout: 120_000 }, () => {
    const scores = scorePixelsByVendor(conceptsOf(corpus, "validation"), 1, 50);
    const precision = (query: string, target: string): number =>
      scores.find((score) => score.query === query && score.target === target)?.precision ?? Number.NaN;
    expect(scores).toHaveLength(20);
    expect(precision("fluent-3d", "fluent-flat")).toBeGreaterThan(0.9);
    expect(precision("twemoji", "noto")).toBeGreaterThan(0.3);
    expect(precision("openmoji", "noto")).toBeLessThan(0.35);
  });
});

describe("the icon corpus", () => {
  test("has a few thousand pictures with names, none that may show a held-out concept", () => {
    const heldOut = new HeldOutWords([...conceptsOf(corpus, "validation"), ...conceptsOf(corpus, "test")]);
    expect(icons.concepts).toHaveLength(2500);
    expect(icons.concepts.reduce((sum, icon) => sum + icon.drawings.size, 0)).toBeGreaterThan(3000);
    expect(icons.concepts.filter((icon) => heldOut.refuses({ name: icon.label, tags: icon.tags }))).toEqual([]);
    expect(icons.skipped.map(({ key }) => key)).toEqual(["held-out", "thinned"]);
  });
});
