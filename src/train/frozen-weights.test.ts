import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { loggedNumbers, tinyRecipe, tinyRun } from "../../test/support/training/tiny-run.ts";
import { tinyModel } from "../../test/support/tiny-model.ts";
import { loadModel } from "../embed/load-model.ts";
import type { FloatTensor } from "../engine/tensor/tensor.ts";
import { exportModelFolder } from "../model/folder/export-model-folder.ts";
import { openModelFolder } from "../model/folder/open-model-folder.ts";
import { saveModelFolder } from "../model/folder/save-model-folder.ts";
import { openSafetensors, writeSafetensors } from "../model/formats/safetensors.ts";
import { SINGLE_PATH } from "../model/paths/path-config.ts";
import { prepareModel, trainableModel, type PreparedModel } from "./prepare-model.ts";
import type { Precision } from "./precision/precision.ts";
import { runTraining } from "./run/run-training.ts";
import { Trainer } from "./trainer.ts";

vi.setConfig({ testTimeout: 300_000 });

const LORA = { rank: 2, alpha: 4, targetModules: ["q_proj", "down_proj"] };
const DTYPES = ["float32", "float16", "bfloat16"] as const;

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "polyvec-frozen-"));
  const contents = tinyModel({ paths: SINGLE_PATH });
  for (const dtype of DTYPES) await saveBase(join(root, dtype), contents, dtype);
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function saveBase(folder: string, contents: ReturnType<typeof tinyModel>, dtype: (typeof DTYPES)[number]): Promise<void> {
  await saveModelFolder(folder, contents);
  const file = join(folder, "model.safetensors");
  const tensors = await readAll(file);
  await writeSafetensors(file, tensors, { dtype });
}

async function readAll(file: string): Promise<Map<string, FloatTensor>> {
  await using opened = await openSafetensors(file);
  return new Map(await Promise.all(opened.names.map(async (name) => [name, (await opened.read(name)) as FloatTensor] as const)));
}

const recipe = tinyRecipe({ model: { lora: LORA }, steps: 3, chunkSize: 3 });

function prepare(folder: string): Promise<PreparedModel> {
  return prepareModel(recipe, { baseFolder: join(root, folder), texts: () => [] });
}

/** The same with all weights in memory, as inputs of the graphs. */
async function readInto(prepared: PreparedModel): Promise<PreparedModel> {
  await using base = await openModelFolder(prepared.baseFolder ?? "");
  const read = [...prepared.frozen.keys()].map(async (name) => [name, await base.weights.read(name)] as const);
  return { ...prepared, weights: new Map([...prepared.weights, ...(await Promise.all(read))]), frozen: new Map() };
}

/** Loss, norm of the gradient and trained weights of some steps, contrastive and captions, chunked and whole. */
async function train(prepared: PreparedModel, precision: Precision = "float32"): Promise<unknown> {
  const { source } = tinyRun({ out: "", baseFolder: undefined });
  const model = trainableModel(recipe, prepared);
  await using trainer = await Trainer.create({ recipe: { ...recipe, precision }, model, source, threads: 1 });
  const steps = [];
  for (let step = 0; step < (precision === "float32" ? 4 : 1); step++) {
    const { loss, gradientNorm } = await trainer.next();
    steps.push({ loss, gradientNorm });
  }
  return { steps, weights: [...trainer.trainedWeights].map(([name, { data }]) => [name, [...data]]) };
}

test("with adapters only these and the paths are in memory", async () => {
  const { weights, frozen } = await prepare("float32");
  expect([...weights.keys()].filter((name) => !/^paths\.|lora_/.test(name))).toEqual([]);
  expect([...frozen.keys()].filter((name) => /^paths\.|lora_/.test(name))).toEqual([]);
  expect(frozen.get("model.norm.weight")).toMatchObject({ shape: [32], data: { file: join(root, "float32", "model.safetensors") } });
});

test.each(DTYPES)("training on a base of %s gives the very numbers that it gives with all weights in memory", async (dtype) => {
  const prepared = await prepare(dtype);
  expect(prepared.frozen.size).toBeGreaterThan(20);
  expect(await train(prepared)).toEqual(await train(await readInto(await prepare(dtype))));
});

test.each([
  ["bfloat16", "bfloat16"],
  ["float16", "bfloat16"],
] as const)("a base of %s gives products in %s the very numbers that it gives with all weights in memory", async (dtype, precision) => {
  const inPlace = await train(await prepare(dtype), precision);
  expect(inPlace).toEqual(await train(await readInto(await prepare(dtype)), precision));
});

test("the saved model and the checkpoints hold what was trained, and the base is left as it was", async () => {
  const base = join(root, "float32");
  const before = await readFile(join(base, "model.safetensors"));
  const out = join(root, "run");
  await runTraining(tinyRun({ out, recipe, baseFolder: base }));
  expect((await readFile(join(base, "model.safetensors"))).equals(before)).toBe(true);
  const files = await readdir(join(out, "model"));
  expect(files).toEqual(expect.arrayContaining(["adapter_config.json", "adapter_model.safetensors", "paths.safetensors", "polyvec.json"]));
  expect(files).not.toContain("model.safetensors");
  const json = JSON.parse(await readFile(join(out, "model", "polyvec.json"), "utf8")) as { readonly base?: unknown };
  expect(json.base).toBe("../../float32");
  const [checkpoint = ""] = await readdir(join(out, "checkpoints"));
  const held = await readAll(join(out, "checkpoints", checkpoint, "weights.safetensors"));
  expect([...held.keys()].filter((name) => !/^paths\.|lora_/.test(name))).toEqual([]);
  await using model = await loadModel(join(out, "model"));
  const [embedding] = await model.embed([{ text: "a happy cat" }]);
  expect(embedding?.aggregate.every(Number.isFinite)).toBe(true);
});

test("a base exported in int8 is read as float32 into memory, and named all the same", async () => {
  const [base, out] = [join(root, "int8"), join(root, "on-int8")];
  await using source = await openModelFolder(join(root, "float32"));
  await exportModelFolder(source, base, { dtype: "int8", merge: false, onnx: false });
  const { weights, frozen, backboneFolder } = await prepare("int8");
  const layer = "model.layers.0.self_attn.q_proj.weight";
  expect([weights.has(layer), frozen.has(layer), frozen.has("model.norm.weight"), backboneFolder]).toEqual([true, false, true, base]);
  await runTraining(tinyRun({ out, recipe: { ...recipe, steps: 1 }, baseFolder: base }));
  expect(await readdir(join(out, "model"))).not.toContain("model.safetensors");
  await using model = await loadModel(join(out, "model"));
  expect((await model.embed([{ text: "a happy cat" }]))[0]?.aggregate.every(Number.isFinite)).toBe(true);
});

test("a model with adapters is gone on with, and its successor names the same base", async () => {
  const next = join(root, "next");
  await runTraining(tinyRun({ out: next, recipe, baseFolder: join(root, "run", "model") }));
  const json = JSON.parse(await readFile(join(next, "model", "polyvec.json"), "utf8")) as { readonly base?: unknown };
  expect(json.base).toBe("../../float32");
  expect(await loggedNumbers(next)).not.toEqual(await loggedNumbers(join(root, "run")));
});

test("adapters of another kind go into the weights they adapt, and a dtype asks for all of them: then the backbone is written whole", async () => {
  const other = tinyRecipe({ model: { lora: { ...LORA, rank: 1 } }, steps: 1 });
  const merged = join(root, "merged");
  await runTraining(tinyRun({ out: merged, recipe: other, baseFolder: join(root, "run", "model") }));
  const stored = join(root, "stored");
  await runTraining(tinyRun({ out: stored, recipe: { ...recipe, steps: 1 }, baseFolder: join(root, "float32"), dtype: "float16" }));
  const [changed, kept, base] = [
    await readAll(join(merged, "model", "model.safetensors")),
    await readAll(join(stored, "model", "model.safetensors")),
    await readAll(join(root, "float32", "model.safetensors")),
  ];
  const [adapted, plain] = ["model.layers.0.self_attn.q_proj.weight", "model.norm.weight"];
  expect(changed.get(adapted)?.data).not.toEqual(base.get(adapted)?.data);
  expect(changed.get(plain)).toEqual(base.get(plain));
  expect([...kept.keys()].sort()).toEqual([...base.keys()].sort());
});
