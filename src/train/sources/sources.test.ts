import { describe, expect, test } from "vitest";
import { makeSyntheticCorpus } from "../../data/emoji/synthetic-corpus.ts";
import { TASK_FAMILIES } from "../../data/emoji/tasks/task-types.ts";
import { PretrainingSampler } from "../../data/pretraining/pretraining-sampler.ts";
import { batchSize, type BatchSource, type TrainingBatch } from "../batch-source.ts";
import { checkRecipe } from "../recipe/recipe-schema.ts";
import { mixSources } from "./mix-sources.ts";
import { pretrainingSource } from "./pretraining-source.ts";
import { openRecipeData } from "./recipe-source.ts";
import { taskSource, toContrastiveBatch } from "./task-source.ts";

const corpus = makeSyntheticCorpus();

async function draw(source: BatchSource, count: number): Promise<TrainingBatch[]> {
  const batches: TrainingBatch[] = [];
  for (let step = 0; step < count; step++) batches.push(await source.batch(step));
  return batches;
}

test("targets are the positives in the order of their queries, then all hard negatives, each a thing of its own", () => {
  const batch = toContrastiveBatch({
    task: "t",
    examples: [
      { query: { text: "a" }, positive: { text: "A" }, positiveKey: "1", hardNegatives: [{ text: "x" }, { text: "y" }] },
      { query: { text: "b" }, positive: { text: "B" }, positiveKey: "1" },
    ],
  });
  expect(batch.targets.map(({ text }) => text)).toEqual(["A", "B", "x", "y"]);
  expect(batch.targetKeys).toEqual(["1", "1", "hard negative 0", "hard negative 1"]);
  expect(batchSize(batch)).toBe(6);
});

describe("task batches", () => {
  const source = taskSource(corpus, { seed: 3, batchSize: 5 });

  test("are a function of the step alone", async () => {
    const again = taskSource(corpus, { seed: 3, batchSize: 5 });
    expect(await again.batch(7)).toEqual(await source.batch(7));
    expect(await again.batch(7)).not.toEqual(await source.batch(8));
  });

  test("are of one task each, and of all in turn", async () => {
    const batches = await draw(source, 30);
    expect(new Set(batches.map(({ task }) => task))).toEqual(new Set(TASK_FAMILIES));
    for (const batch of batches) expect(batch.kind === "contrastive" && batch.queries.length).toBe(5);
  });
});

test("pretraining batches are captions to be written and pairs to be matched", async () => {
  const sampler = new PretrainingSampler(corpus, undefined, { seed: 1, batchSize: 4, captionShare: 0.5 });
  const batches = await draw(pretrainingSource(sampler), 24);
  const language = batches.filter((batch) => batch.kind === "language");
  expect(language.length).toBeGreaterThan(4);
  expect(language.length).toBeLessThan(20);
  for (const { task, examples } of language) {
    expect([task, examples.length]).toEqual(["caption", 4]);
    for (const { input, answer } of examples) expect([typeof input.image, answer.length > 0]).toEqual(["object", true]);
  }
});

test("two sources are mixed by the step alone, in their shares", async () => {
  const of = (task: string): BatchSource => ({ batch: (step) => ({ kind: "language", task: `${task} ${step}`, examples: [] }) });
  const mixed = await draw(mixSources({ seed: 1, share: 0.25 }, of("one"), of("two")), 200);
  const second = mixed.filter(({ task }) => task.startsWith("two"));
  expect(second.length).toBeGreaterThan(30);
  expect(second.length).toBeLessThan(70);
  expect(mixed.every(({ task }, step) => task.endsWith(` ${step}`))).toBe(true);
});

test("a recipe's data: its mixture of tasks, and the words of training concepts alone for a tokenizer", async () => {
  const fields = { name: "r", model: { base: "b" }, optimizer: { learningRate: 1 }, steps: 1 };
  const recipe = checkRecipe({ ...fields, data: { kind: "emoji-tasks", batchSize: 3, mixture: { grounding: 1 } } }, "r.json");
  const { source, texts } = await openRecipeData(recipe, corpus);
  expect((await draw(source, 4)).map(({ task }) => task)).toEqual(["grounding", "grounding", "grounding", "grounding"]);
  const words = new Set(texts());
  for (const { split, label } of corpus.concepts) if (split === "train") expect(words.has(label)).toBe(true);
  const heldOut = corpus.concepts.filter(({ split }) => split !== "train");
  expect(heldOut.filter(({ label }) => words.has(label))).toEqual([]);
});
