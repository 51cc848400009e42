import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { thrownBy } from "../../../test/support/thrown-by.ts";
import { makeSyntheticCorpus } from "../../data/emoji/synthetic-corpus.ts";
import { TASK_FAMILIES } from "../../data/emoji/tasks/task-types.ts";
import { PretrainingSampler } from "../../data/pretraining/pretraining-sampler.ts";
import { imagesOf } from "../../inputs/embedding-input.ts";
import { batchSize, type BatchSource, type TrainingBatch } from "../batch-source.ts";
import { checkRecipe } from "../recipe/recipe-schema.ts";
import { enlargeSource } from "./enlarge-source.ts";
import { mixSources } from "./mix-sources.ts";
import { pretrainingSource } from "./pretraining-source.ts";
import type { OpenedData } from "./opened-data.ts";
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
  expect(batch.targets).toEqual(["A", "B", "x", "y"].map((text) => ({ text })));
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

async function setOf(texts: Iterable<string> | AsyncIterable<string>): Promise<Set<string>> {
  const all = new Set<string>();
  for await (const text of texts) all.add(text);
  return all;
}

const sidesOf = (batch: TrainingBatch): number[] => {
  const inputs = batch.kind === "language" ? batch.examples.map(({ input }) => input) : [...batch.queries, ...batch.targets];
  const sides = inputs.flatMap(imagesOf).flatMap((image) => (typeof image === "object" && "width" in image ? [image.width] : []));
  return [...new Set(sides)].sort((a, b) => a - b);
};

test("batches of canvases, which are twice as large on each side, may be smaller", async () => {
  const options = { seed: 3, batchSize: 6, canvasBatchSize: 2 };
  const captions = new PretrainingSampler(corpus, undefined, { ...options, captionShare: 1, canvasShare: 0.5 });
  for (const source of [taskSource(corpus, options), pretrainingSource(captions)]) {
    for (const batch of await draw(source, 20)) {
      const count = batch.kind === "language" ? batch.examples.length : batch.queries.length;
      expect(count).toBe(Math.max(...sidesOf(batch)) === 2 * corpus.size ? 2 : 6);
    }
  }
});

test("some batches show their drawings larger, all of a batch alike; canvases and texts stay", async () => {
  const plain = taskSource(corpus, { seed: 3, batchSize: 3 });
  const source = enlargeSource(plain, { seed: 3, share: 0.5, size: corpus.size });
  const [before, after] = [await draw(plain, 60), await draw(source, 60)];
  const enlarged = after.filter((batch, step) => String(sidesOf(batch)) !== String(sidesOf(before[step] ?? batch)));
  expect(enlarged.length).toBeGreaterThan(10);
  expect(new Set(enlarged.flatMap(sidesOf))).toEqual(new Set([1.5 * corpus.size, 2 * corpus.size]));
  const isKept = (batch: TrainingBatch): boolean => !enlarged.includes(batch);
  expect(after.filter(isKept)).toEqual(before.filter((_, step) => isKept(after[step] as TrainingBatch)));
  expect(await source.batch(11)).toEqual(after[11]);
  expect(enlargeSource(plain, { seed: 3, share: 0, size: corpus.size })).toBe(plain);
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
  const { source, texts, instructions } = await openRecipeData(recipe, () => Promise.resolve(corpus));
  expect((await draw(source, 4)).map(({ task }) => task)).toEqual(["grounding", "grounding", "grounding", "grounding"]);
  expect(instructions).toMatchObject({ "text-to-image": "Find a drawing that shows this.", "target-image": "Represent the drawing." });
  const words = await setOf(texts());
  expect(corpus.concepts.filter(({ split, label }) => words.has(label) !== (split === "train"))).toEqual([]);
});

describe("a user's own examples", () => {
  const lines = Array.from({ length: 5 }, (_, index) =>
    JSON.stringify({ query: { text: `q${index}` }, positive: { text: `p${index}` }, positiveKey: index % 4 }),
  );
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "polyvec-examples-"));
    await writeFile(join(folder, "mine.jsonl"), lines.join("\n"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const open = (batchSize: number): Promise<OpenedData> =>
    openRecipeData(
      { seed: 1, data: { kind: "examples", file: "mine.jsonl", batchSize } },
      () => Promise.reject(new Error("no emoji are needed")),
      { folder },
    );

  test("come once in each round, in another order each time, whatever step is asked for first", async () => {
    const { source, texts } = await open(2);
    const later = await source.batch(4);
    const queries = (await draw(source, 10)).flatMap((batch) =>
      batch.kind === "contrastive" ? batch.queries.map((query) => ("text" in query ? query.text : undefined)) : [],
    );
    const rounds = [0, 1, 2, 3].map((round) => queries.slice(5 * round, 5 * (round + 1)));
    for (const round of rounds) expect(new Set(round)).toEqual(new Set(["q0", "q1", "q2", "q3", "q4"]));
    expect(new Set(rounds.map(String)).size).toBeGreaterThan(1);
    expect(await source.batch(4)).toEqual(later);
    expect(await setOf(texts())).toEqual(new Set(["q", "p"].flatMap((side) => [0, 1, 2, 3, 4].map((index) => `${side}${index}`))));
  });

  test("are refused if they do not fill a batch, or a line is wrong", async () => {
    expect(await thrownBy(() => open(6))).toMatchObject({ code: "config", details: { field: "data.batchSize" } });
    await appendFile(join(folder, "mine.jsonl"), '\n{"query": {"text": "x"}}');
    expect(await thrownBy(() => open(2))).toMatchObject({ code: "data", details: { row: 6, field: "positive" } });
  });
});
