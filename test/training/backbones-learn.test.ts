import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { makeSyntheticCorpus } from "../../src/data/emoji/synthetic-corpus.ts";
import { loadModel } from "../../src/embed/load-model.ts";
import { present } from "../../src/errors/families.ts";
import { emojiBenchmark } from "../../src/eval/benchmark/emoji-benchmark.ts";
import { evaluateEmbedder } from "../../src/eval/benchmark/evaluate-embedder.ts";
import { precisionAtOne } from "../../src/eval/scoring.ts";
import { openModelFolder } from "../../src/model/folder/open-model-folder.ts";
import { saveModelFolder } from "../../src/model/folder/save-model-folder.ts";
import { SINGLE_PATH } from "../../src/model/paths/path-config.ts";
import { parseRecipe } from "../../src/train/recipe/recipe.ts";
import type { LoggedStep, RunEvent } from "../../src/train/run/run-events.ts";
import { runTraining } from "../../src/train/run/run-training.ts";
import { openRecipeData } from "../../src/train/sources/recipe-source.ts";
import { tinyModel } from "../support/tiny-model.ts";

vi.setConfig({ testTimeout: 120_000 });

/**
 * Checkpoints of random weights as transformers saves them (that of qwen2_vl as Polyvec does), and the size their pictures are looked at: whole tiles
 * or blocks, one or few of them.
 */
const BASES = [
  ["qwen2_vl", undefined, 32],
  ["llava_next", "test/fixtures/llava-next/small", 12],
  ["llava_next of Llama", "test/fixtures/checkpoints/llava-next-llama", 56],
  ["qwen3_vl", "test/fixtures/qwen3-vl/checkpoint", 64],
  ["idefics3", "test/fixtures/idefics3/small", 32],
  ["smolvlm", "test/fixtures/idefics3/odd", 28],
] as const;

const STEPS = 60;
const BATCH = 8;
const corpus = makeSyntheticCorpus({ concepts: 80, size: 32, seed: 1 });

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "polyvec-learn-"));
  await saveModelFolder(join(root, "qwen2_vl"), tinyModel({ paths: SINGLE_PATH }));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** Pictures of one thing are to find each other; the base is frozen, two paths and a LoRA are trained. */
function recipeFor(name: string, base: string, size: number): ReturnType<typeof parseRecipe> {
  const others = ["classification", "text-to-image", "image-to-text", "grounding", "visual-questions"].map(
    (family) => [family, 0] as const,
  );
  const recipe = {
    name,
    seed: 1,
    model: {
      base,
      imageSize: { minimum: size, maximum: size },
      maxTokens: 128,
      paths: { count: 2, prefixLength: 2 },
      lora: { rank: 8, alpha: 16, targetModules: ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"] },
    },
    data: { kind: "emoji-tasks", batchSize: BATCH, augment: false, mixture: { ...Object.fromEntries(others), "image-to-image": 1 } },
    objective: { temperature: 0.1, regulariser: { kind: "orthogonality" } },
    optimizer: { learningRate: 3e-3, warmUpSteps: 5, decay: "constant" },
    steps: STEPS,
    checkpointEverySteps: STEPS,
  };
  return parseRecipe(recipe, { file: `${name}.json` });
}

/** SHA-256 of each file of a folder. */
async function hashes(folder: string): Promise<Record<string, string>> {
  const files = (await readdir(folder, { withFileTypes: true, recursive: true })).filter((entry) => entry.isFile());
  const paths = files.map(({ parentPath, name }) => join(parentPath, name)).sort();
  return Object.fromEntries(
    await Promise.all(
      paths.map(async (path) => [
        path,
        createHash("sha256")
          .update(await readFile(path))
          .digest("hex"),
      ]),
    ),
  ) as Record<string, string>;
}

const mean = (steps: readonly LoggedStep[], of: (step: LoggedStep) => number): number =>
  steps.reduce((sum, step) => sum + of(step), 0) / steps.length;

describe.each(BASES)("a checkpoint of %s", (name, fixture, size) => {
  test("learns with two paths and a LoRA, its own weights untouched", async () => {
    const baseFolder = fixture ?? join(root, name);
    const before = await hashes(baseFolder);
    const recipe = recipeFor(name, baseFolder, size);
    const data = await openRecipeData(recipe, corpus);
    const steps: LoggedStep[] = [];
    const out = join(root, `run-${name}`);
    const onEvent = (event: RunEvent): void => {
      if (event.type === "step") steps.push(event);
    };
    const { model } = await runTraining({ recipe, baseFolder, out, resume: false, ...data, threads: 2, onEvent });

    const [first, last] = [steps.slice(0, STEPS / 4), steps.slice(-STEPS / 4)];
    expect(mean(last, ({ loss }) => loss)).toBeLessThan(0.8 * mean(first, ({ loss }) => loss));
    expect(mean(last, ({ precision }) => precision)).toBeGreaterThan(2 / BATCH);
    expect(await hashes(baseFolder)).toEqual(before);
    await expectSameBase(baseFolder, present(model, "a model"));
    await expectFinds(present(model, "a model"));
  });
});

/** Every weight that the base has is in the trained model as it was, beside adapters and paths that are not all 0. */
async function expectSameBase(baseFolder: string, trained: string): Promise<void> {
  await using base = await openModelFolder(baseFolder);
  await using model = await openModelFolder(trained);
  expect([model.backbone.modelType, model.polyvec.paths.count, model.lora?.rank]).toEqual([base.backbone.modelType, 2, 8]);
  for (const name of base.weights.shapes.keys())
    expect((await model.weights.read(name)).data, name).toEqual((await base.weights.read(name)).data);
  const added = [...model.weights.shapes.keys()].filter((name) => !base.weights.shapes.has(name));
  for (const name of added.filter((name) => name.endsWith("lora_B.weight")))
    expect((await model.weights.read(name)).data.some((value) => value !== 0)).toBe(true);
  expect(added.some((name) => name.endsWith("prefix_keys"))).toBe(true);
}

/** The saved model tells pictures of things that it was not trained on better than by chance. */
async function expectFinds(folder: string): Promise<void> {
  await using model = await loadModel(folder, { threads: 2 });
  const tasks = emojiBenchmark(corpus, { split: "validation", queriesPerTask: 40 }).filter(({ family }) => family === "image-to-image");
  const { tasks: scored, pathCount } = await evaluateEmbedder((inputs) => model.embedSet(inputs), tasks);
  expect([pathCount, scored.length > 0]).toEqual([2, true]);
  for (const { hits, chance } of scored) expect(precisionAtOne(hits.aggregate)).toBeGreaterThan(1.5 * chance);
  const [embedding] = await model.embed([{ text: "a red pattern" }]);
  expect(embedding?.paths.map((path) => Math.hypot(...path).toFixed(4))).toEqual(["1.0000", "1.0000"]);
}
