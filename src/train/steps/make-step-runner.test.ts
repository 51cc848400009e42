import { expect, test } from "vitest";
import { tinyBatchOf, tinyTrainable } from "../../../test/support/training/tiny-trainable.ts";
import { SINGLE_PATH } from "../../model/paths/path-config.ts";
import { checkRecipe } from "../recipe/recipe-schema.ts";
import { trainableFilter } from "../trainable.ts";
import { makeStepRunner } from "./make-step-runner.ts";
import type { ChunkSize } from "./chunk-sizes.ts";
import type { StepEngine } from "./step-engine.ts";

/** An engine on a tiny model, and how many inputs it encoded at a time. */
function watchedEngine(fields: { readonly chunkSize?: ChunkSize }): {
  readonly engine: StepEngine;
  readonly sizes: number[];
  run: (count: number) => Promise<unknown>;
} {
  const recipe = checkRecipe({ name: "tiny", model: { base: "tiny" }, data: { kind: "emoji-tasks", batchSize: 4 }, optimizer: { learningRate: 1 }, steps: 1, ...fields }, "recipe"); // prettier-ignore
  const model = tinyTrainable(SINGLE_PATH);
  const sizes: number[] = [];
  const processor: typeof model.processor = {
    ...model.processor,
    embeddingBatch(inputs) {
      sizes.push(inputs.length);
      return model.processor.embeddingBatch(inputs);
    },
  };
  const engine = makeStepRunner({
    recipe,
    model: { ...model, processor },
    regulariser: { kind: "none" },
    trainable: trainableFilter(recipe.model, model.backbone),
    threads: 1,
  });
  const inputs = { weights: model.weights, estimator: new Map(), lossWeights: { temperature: 1, pathWeight: 1, regulariserWeight: 0 } };
  const run = (count: number): Promise<unknown> =>
    engine.run({ ...inputs, batch: tinyBatchOf("text", "text", { count, hardNegatives: 0 }) });
  return { engine, sizes, run };
}

test("batches with more inputs than a chunk holds go through GradCache, others run whole", async () => {
  const { engine, sizes, run } = watchedEngine({ chunkSize: 4 });
  await run(2);
  expect(sizes.splice(0)).toEqual([2, 2]);
  await run(5);
  expect(sizes).toEqual([4, 1, 4, 1, 4, 1, 4, 1]);
  await engine.dispose();
});

test("chunks of both sides have sizes of their own; whole runs what fits into the smaller", async () => {
  const { engine, sizes, run } = watchedEngine({ chunkSize: { queries: 2, targets: 4 } });
  await run(1);
  expect(sizes.splice(0)).toEqual([1, 1]);
  await run(5);
  expect(sizes).toEqual([2, 2, 1, 4, 1, 2, 2, 1, 4, 1]);
  await engine.dispose();
});

test("without a chunk size every batch runs whole", async () => {
  const { engine, sizes, run } = watchedEngine({});
  await run(5);
  expect(sizes).toEqual([5, 5]);
  await engine.dispose();
  await engine.dispose();
});
