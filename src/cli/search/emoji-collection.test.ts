import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tinyModel } from "../../../test/support/tiny-model.ts";
import { makeSyntheticCorpus } from "../../data/emoji/synthetic-corpus.ts";
import { loadModel } from "../../embed/load-model.ts";
import { saveModelFolder } from "../../model/folder/save-model-folder.ts";
import type { CommandContext } from "../command-module.ts";
import { openEmoji } from "./emoji-collection.ts";
import { findHits } from "./find-hits.ts";
import { printHits } from "./print-hits.ts";
import { VENDORS } from "./vendors.ts";

let root = "";
beforeAll(async () => void (root = await mkdtemp(join(tmpdir(), "polyvec-emoji-"))));
afterAll(() => rm(root, { recursive: true, force: true }));

const context: CommandContext = {
  signal: new AbortController().signal,
  progress: { task: () => ({ update: () => undefined, finish: () => undefined }), note: () => undefined, stop: () => undefined },
  out: { line: async () => undefined, json: async () => undefined },
  json: false,
};

test("the emoji are drawn and embedded once, and searched by vendor", async () => {
  await saveModelFolder(join(root, "model"), tinyModel());
  await using model = await loadModel(join(root, "model"));
  let drawn = 0;
  const loadCorpus = async () => (drawn++, makeSyntheticCorpus({ concepts: 4 }));
  const open = () => openEmoji(model, context, { loadCorpus, cacheFolder: root });
  const first = await open();
  const again = await open();
  expect([drawn, first.index.size, again.pictures]).toEqual([1, 4 * VENDORS.length, first.pictures]);

  const [query] = await model.embed([{ text: "a" }]);
  const options = { k: 9, explain: true, isWanted: ({ vendor }: { readonly vendor?: string }) => vendor === "openmoji" };
  const hits = findHits(again, query ?? { aggregate: new Float32Array(), paths: [] }, options);
  expect(hits.map(({ vendor, ranks }) => [vendor, ranks?.aggregate, ranks?.paths.length])).toEqual([1, 2, 3, 4].map((rank) => ["openmoji", rank, 3])); // prettier-ignore
  expect(new Set(hits.map(({ ranks }) => ranks?.paths[1]))).toEqual(new Set([1, 2, 3, 4]));
  expect(printHits(hits)).toMatch(/^ +score +name +vendor +aggregate +path 0 +path 1 +path 2\n/);
  expect(printHits([])).toBe("nothing was found");

  const [folder = ""] = await readdir(join(root, "search"));
  await writeFile(join(root, "search", folder, "emoji.json"), "[]");
  expect([(await open()).index.size, drawn]).toEqual([4 * VENDORS.length, 2]);
});
