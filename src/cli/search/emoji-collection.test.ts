import { cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tinyModel } from "../../../test/support/tiny-model.ts";
import { makeSyntheticCorpus } from "../../data/emoji/synthetic-corpus.ts";
import { loadModel } from "../../embed/load-model.ts";
import type { EmojiCorpus } from "../../data/emoji/corpus.ts";
import { saveModelFolder } from "../../model/folder/save-model-folder.ts";
import type { CommandContext } from "../command-module.ts";
import type { Collection } from "./collection.ts";
import { drawnEmoji, openEmoji } from "./emoji-collection.ts";
import { findHits } from "./find-hits.ts";
import { printHits } from "./print-hits.ts";
import { shipEmoji } from "./shipped-emoji.ts";
import { VENDORS } from "./vendors.ts";

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "polyvec-emoji-"));
  await saveModelFolder(join(root, "model"), tinyModel());
});
afterAll(() => rm(root, { recursive: true, force: true }));

const context: CommandContext = {
  signal: new AbortController().signal,
  progress: { task: () => ({ update: () => undefined, finish: () => undefined }), note: () => undefined, stop: () => undefined },
  out: { bytes: async () => undefined, line: async () => undefined, json: async () => undefined },
  json: false,
  env: {},
  mute: () => undefined,
};

const CONCEPTS = 4;
const drawFour = (): Promise<EmojiCorpus> => Promise.resolve(makeSyntheticCorpus({ concepts: CONCEPTS }));

test("the emoji are drawn and embedded once, and searched by vendor", async () => {
  await using model = await loadModel(join(root, "model"));
  const cacheFolder = join(root, "cache");
  let drawn = 0;
  const open = () => openEmoji(model, context, { loadCorpus: () => (drawn++, drawFour()), cacheFolder });
  const first = await open();
  const again = await open();
  expect([drawn, first.index.size, again.pictures]).toEqual([1, CONCEPTS * VENDORS.length, first.pictures]);

  const [query] = await model.embed([{ text: "a" }]);
  const options = { k: 9, explain: true, isWanted: ({ vendor }: { readonly vendor?: string }) => vendor === "openmoji" };
  const hits = findHits(again, query ?? { aggregate: new Float32Array(), paths: [] }, options);
  expect(hits.map(({ vendor, ranks }) => [vendor, ranks?.aggregate, ranks?.paths.length])).toEqual([1, 2, 3, 4].map((rank) => ["openmoji", rank, 3])); // prettier-ignore
  expect(new Set(hits.map(({ ranks }) => ranks?.paths[1]))).toEqual(new Set([1, 2, 3, 4]));
  expect(printHits(hits)).toMatch(/^ +score +name +vendor +aggregate +path 0 +path 1 +path 2\n/);
  expect(printHits([])).toBe("nothing was found");

  const [folder = ""] = await readdir(join(cacheFolder, "search"));
  await writeFile(join(cacheFolder, "search", folder, "emoji.json"), "[]");
  expect([(await open()).index.size, drawn]).toEqual([CONCEPTS * VENDORS.length, 2]);
});

describe("emoji that ship with the model", () => {
  let shipped = "";
  let collection: Collection;
  beforeAll(async () => {
    shipped = join(root, "shipped");
    await cp(join(root, "model"), shipped, { recursive: true });
    await using model = await loadModel(shipped);
    const emoji = await drawnEmoji(model, context, { loadCorpus: drawFour, cacheFolder: join(root, "ship-cache") });
    await shipEmoji(model, emoji);
    collection = await openEmoji(model, context, { loadCorpus: nothingDrawn });
  });

  const nothingDrawn = (): never => {
    throw new Error("drew");
  };

  /** Opens the emoji of a copy of the model that ships, after something was done to it. @returns whether they had to be drawn. */
  async function isDrawnAfter(change: (folder: string) => Promise<void>): Promise<boolean> {
    const folder = await mkdtemp(join(root, "changed-"));
    await cp(shipped, folder, { recursive: true });
    await change(folder);
    await using model = await loadModel(folder);
    let drawn = false;
    const { index } = await openEmoji(model, context, {
      loadCorpus: () => ((drawn = true), drawFour()),
      cacheFolder: join(folder, "cache"),
    });
    expect(index.size).toBe(CONCEPTS * VENDORS.length);
    return drawn;
  }

  async function replace(file: string, [from, to]: readonly [RegExp, string]): Promise<void> {
    const text = await readFile(file, "utf8");
    expect(text).toMatch(from);
    await writeFile(file, text.replace(from, to));
  }

  test("need no drawing, no cache and no float32", async () => {
    await using model = await loadModel(shipped);
    const drawn = await drawnEmoji(model, context, { loadCorpus: nothingDrawn, cacheFolder: join(root, "ship-cache") });
    expect([...collection.pictures.keys()]).toEqual(drawn.index.ids);
    expect(collection.pictures.get(`${VENDORS[1]}/synthetic-2`)).toMatchObject({ vendor: VENDORS[1], character: "" });
    const [query] = await model.embed([{ text: "a happy cat" }]);
    for (const view of ["aggregate", "all"] as const) {
      const [near, exactly] = [collection.index, drawn.index].map((index) =>
        index.score(query as NonNullable<typeof query>, { k: 0, view }),
      );
      expect(Math.max(...(near ?? []).map((score, at) => Math.abs(score - (exactly?.[at] ?? 9))))).toBeLessThan(0.01);
    }
  });

  test("are found wherever the folder lies", async () => expect(await isDrawnAfter(async () => undefined)).toBe(false));

  test.each<[string, (folder: string) => Promise<void>]>([
    ["the model is another", (folder) => replace(join(folder, "config.json"), [/"rope_theta": 10000/, '"rope_theta": 10001'])],
    ["packages of other versions are installed", (folder) => replace(join(folder, "search", "emoji.json"), [/emojibase-data@/, "emojibase-data@0."])], // prettier-ignore
    ["a name is missing", (folder) => replace(join(folder, "search", "emoji.json"), [/synthetic-2/, "synthetic-x"])],
    ["the vectors are cut off", async (folder) => {
      const vectors = (await readdir(join(folder, "search"))).find((name) => name.startsWith("vectors-"));
      await truncate(join(folder, "search", vectors ?? ""), 900);
    }],
    ["the model was saved anew over them", (folder) => saveModelFolder(folder, tinyModel({ seed: 2 }))],
  ])("are drawn after all if %s", async (_, change) => expect(await isDrawnAfter(change)).toBe(true)); // prettier-ignore
});
