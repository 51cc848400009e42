import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { saveTinyBase, tinyRecipe, tinySource } from "../../test/support/training/tiny-run.ts";
import type { BatchSource } from "./batch-source.ts";
import { prepareModel, trainableModel } from "./prepare-model.ts";
import { Trainer } from "./trainer.ts";

const STEPS = 5;

let root = "";
let baseFolder = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "polyvec-prefetch-"));
  baseFolder = await saveTinyBase(root);
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** What each step gave, and the weights after the last. */
async function train({ prefetch, source = tinySource(), chunkSize }: TrainOptions): Promise<unknown> {
  const recipe = tinyRecipe({ steps: STEPS, ...(chunkSize !== undefined && { chunkSize }) });
  const model = trainableModel(recipe, await prepareModel(recipe, { baseFolder, texts: () => [] }));
  await using trainer = await Trainer.create({ recipe, model, source, threads: 1, prefetch });
  const steps = [];
  while (trainer.step < STEPS) steps.push(await trainer.next());
  return { steps, weights: [...trainer.trainedWeights].map(([name, { data }]) => [name, [...data]]) };
}

interface TrainOptions {
  readonly prefetch: boolean;
  readonly source?: BatchSource;
  readonly chunkSize?: number;
}

/** Batches that come late, as from a disk. */
function slow(source: BatchSource): BatchSource {
  return { batch: (step) => new Promise((resolve) => setTimeout(() => resolve(source.batch(step)), 10)) };
}

test.each([undefined, 3])(
  "losses and weights are the same to the last bit, whether batches are made ahead or not; chunks of %s",
  async (chunkSize) => {
    const chunks = chunkSize === undefined ? {} : { chunkSize };
    const expected = await train({ prefetch: false, ...chunks });
    expect(await train({ prefetch: true, ...chunks })).toEqual(expected);
    expect(await train({ prefetch: true, source: slow(tinySource()), ...chunks })).toEqual(expected);
  },
);

test("each batch is asked for once, in order, none beyond the last step", async () => {
  const source = tinySource();
  await train({ prefetch: true, source });
  expect(source.asked).toEqual([0, 1, 2, 3, 4]);
});
