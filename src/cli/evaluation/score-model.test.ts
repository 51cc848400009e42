import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runPolyvec } from "../../../test/support/run-polyvec.ts";
import { tinyModel } from "../../../test/support/tiny-model.ts";
import { makeSyntheticCorpus } from "../../data/emoji/synthetic-corpus.ts";
import { loadModel } from "../../embed/load-model.ts";
import { saveModelFolder } from "../../model/folder/save-model-folder.ts";
import { createProgress } from "../terminal/progress.ts";
import { printReport } from "./print-report.ts";
import { scoreModel } from "./score-model.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "polyvec-eval-"));
  await saveModelFolder(join(folder, "model"), tinyModel());
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const benchmark = { corpus: makeSyntheticCorpus({ concepts: 40 }), split: "test", queriesPerTask: 6 } as const;

async function score(options: Partial<Parameters<typeof scoreModel>[1]>): ReturnType<typeof scoreModel> {
  await using model = await loadModel(join(folder, "model"), { threads: 1 });
  const progress = await createProgress({ stream: process.stderr, silent: true });
  return await scoreModel(model, { ...benchmark, ...options }, { progress, signal: new AbortController().signal });
}

test("a model is scored in all views, beside what needs no model", async () => {
  const report = await score({ families: ["image-to-image", "image-to-text"], singlePath: 2 });
  expect(report.tasks.map(({ name }) => name)).toEqual([
    "image-to-image/seen",
    "image-to-text/seen",
    "image-to-image/unseen",
    "image-to-text/unseen",
  ]);
  const [model] = report.models;
  expect(model?.scores.single.means.all.value).toBe(model?.paths[2]?.means.all.value);
  expect(model?.scores.oracle.means.all.value).toBeGreaterThanOrEqual(model?.scores.single.means.all.value ?? 1);
  expect(report.diversity).toHaveLength(1);
  const text = printReport(report);
  expect(text).toMatch(/Precision at 1, % +one path +aggregate +all paths +MaxSim +oracle +chance +best without a model/);
  expect(text).toMatch(/image-to-image\/seen .* raw pixels/);
  expect(text).toMatch(/Mean, unseen concepts/);
  expect(text).toMatch(/Precision at 1, % +path 0 +path 1 +path 2\n/);
  expect(report.cases?.tasks.map(({ task }) => task)).toEqual(report.tasks.map(({ name }) => name));
  expect(Object.values(report.cases?.pictures ?? {})[0]).toMatch(/^data:image\/webp;base64,/);
});

test("a path that the model does not have is named", async () => {
  await expect(score({ singlePath: 3 })).rejects.toMatchObject({
    code: "config",
    message: expect.stringContaining("give a path from 0 to 2") as string,
  });
});

test.each([
  [["eval", "./nowhere/at-all"], 1, "error (file): there is no model ./nowhere/at-all"],
  [["eval", "m", "--families", "riddles"], 2, 'error (usage): got "riddles" where one of classification, text-to-image'],
  [["eval", "m", "--split", "train"], 2, 'error (usage): got "train" where one of validation, test was expected'],
  [["reproduce", "--preset", "huge"], 2, 'error (usage): got "huge" where one of quick, full was expected'],
])("%j is told what is wrong", async (args, code, message) => {
  const result = await runPolyvec(...args);
  expect([result.code, result.err]).toEqual([code, expect.stringContaining(message)]);
});
