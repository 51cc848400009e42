import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { loggedNumbers, tinyRecipe, tinyRun, type TinyRecipeFields } from "../../test/support/training/tiny-run.ts";
import { tinyLanguageBatch } from "../../test/support/training/tiny-trainable.ts";
import { tinyModel } from "../../test/support/tiny-model.ts";
import { openModelFolder } from "../model/folder/open-model-folder.ts";
import { saveModelFolder } from "../model/folder/save-model-folder.ts";
import { SINGLE_PATH } from "../model/paths/path-config.ts";
import { prepareModel } from "./prepare-model.ts";
import { runTraining } from "./run/run-training.ts";

vi.setConfig({ testTimeout: 300_000 });

const HEAD = "lm_head.weight";
const EMBEDDINGS = "model.embed_tokens.weight";

let root = "";
let base = "";
const contents = tinyModel({ paths: SINGLE_PATH, tieWordEmbeddings: false });
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "polyvec-untied-"));
  base = join(root, "base");
  await saveModelFolder(base, contents);
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** Trains three steps of captions. @returns the run's folder. */
async function trainCaptions(fields: TinyRecipeFields = {}, baseFolder = base): Promise<string> {
  const out = await mkdtemp(join(root, "run-"));
  const recipe = tinyRecipe({ steps: 3, ...fields, model: { base: "base", paths: { count: 1 }, ...fields.model } });
  await runTraining(tinyRun({ out, recipe, baseFolder, source: { batch: (step) => tinyLanguageBatch("mixed", 5, step) } }));
  return out;
}

async function weightOf(folder: string, name: string): Promise<number[]> {
  await using model = await openModelFolder(folder);
  return [...(await model.weights.read(name)).data];
}

function baseWeight(name: string): number[] {
  return [...(contents.weights.get(name)?.data ?? [])];
}

test("the output layer is read from the base, trained on captions, saved, and gone on with", async () => {
  const out = await trainCaptions();
  const head = await weightOf(join(out, "model"), HEAD);
  expect(head).not.toEqual(baseWeight(HEAD));
  expect(head.map((value, at) => value - (baseWeight(HEAD)[at] ?? 9)).every((change) => Math.abs(change) < 0.01)).toBe(true);
  expect(await weightOf(join(out, "model"), EMBEDDINGS)).not.toEqual(baseWeight(EMBEDDINGS));
  const next = await prepareModel(tinyRecipe(), { baseFolder: join(out, "model"), texts: () => [] });
  expect([...(next.weights.get(HEAD)?.data ?? [])]).toEqual(head);
});

test.each([
  ["frozen embeddings", { freeze: ["embeddings"] }],
  ["adapters", { lora: { rank: 2, alpha: 4, targetModules: ["q_proj"] } }],
])("with %s it stays as it is", async (_, model) => {
  const out = await trainCaptions({ model });
  expect(await weightOf(join(out, "model"), HEAD)).toEqual(baseWeight(HEAD));
});

test("captions in chunks have the loss of whole batches", async () => {
  const losses = async (out: string): Promise<number[]> => (await loggedNumbers(out)).map(({ loss }) => loss as number);
  const [whole, chunked] = [await losses(await trainCaptions()), await losses(await trainCaptions({ chunkSize: 2 }))];
  expect(chunked).toHaveLength(3);
  chunked.forEach((loss, step) => expect(loss).toBeCloseTo(whole[step] ?? 0, 4));
});

/** The base without its output layer. */
async function headlessBase(): Promise<string> {
  const lacking = await mkdtemp(join(root, "lacking-"));
  const weights = new Map([...contents.weights].filter(([name]) => name !== HEAD));
  await saveModelFolder(lacking, { ...contents, weights });
  return lacking;
}

test("a base that has none gets a new one for captions", async () => {
  const out = await trainCaptions({ data: { kind: "emoji-pretraining", batchSize: 4 } }, await headlessBase());
  expect(await weightOf(join(out, "model"), HEAD)).toHaveLength(baseWeight(HEAD).length);
});

test("where no captions are asked for, a base that has none stays without, and the backbone stays in its files", async () => {
  const lacking = await headlessBase();
  const recipe = tinyRecipe({
    model: { base: "base", paths: { count: 2, prefixLength: 2 }, lora: { rank: 2, alpha: 4, targetModules: ["q_proj"] } },
  });
  const prepared = await prepareModel(recipe, { baseFolder: lacking, texts: () => [] });
  expect(prepared.weights.has(HEAD) || prepared.frozen.has(HEAD)).toBe(false);
  expect(prepared.backboneFolder).toBe(lacking);
});

test("an output layer of another shape is refused by name", async () => {
  const wrong = join(root, "wrong");
  const head = contents.weights.get(HEAD) as NonNullable<ReturnType<typeof contents.weights.get>>;
  const cut = { ...head, shape: [2, 32], data: head.data.slice(0, 64) };
  await saveModelFolder(wrong, { ...contents, weights: new Map([...contents.weights, [HEAD, cut]]) });
  await expect(openModelFolder(wrong)).rejects.toMatchObject({ code: "weights", details: { tensor: HEAD, actual: [2, 32] } });
});
