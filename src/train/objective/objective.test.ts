import { describe, expect, test } from "vitest";
import { floatTensor, type FloatTensor } from "../../engine/tensor/tensor.ts";
import { ShapeError } from "../../errors/families.ts";
import { RandomStream } from "../../random/random-stream.ts";
import { thrownBy } from "../../../test/support/thrown-by.ts";
import { makeMasks } from "./contrastive-masks.ts";
import { EMBEDDINGS } from "./loss-graph.ts";
import { Objective, type BatchEmbeddings, type ObjectiveOptions } from "./objective.ts";

const VCLUB = { kind: "vclub", pairs: "unordered", hiddenWidth: 16, learningRate: 2e-3, innerSteps: 1 } as const;
const OPTIONS: ObjectiveOptions = { pathCount: 3, dimensions: 4, regulariser: VCLUB, seed: 3, threads: 1 };
const WEIGHTS = { temperature: 0.1, pathWeight: 1, regulariserWeight: 0.1 };
const MASKS = makeMasks(["a", "b", "c", "a"], ["d"]);

function embeddings(pathCount: number): BatchEmbeddings {
  const random = new RandomStream("objective", pathCount);
  const tensor = (...shape: number[]): FloatTensor => floatTensor(shape, random.normals(shape.reduce((a, b) => a * b, 1)));
  return {
    queryPaths: tensor(4, pathCount, 4),
    targetPaths: tensor(5, pathCount, 4),
    queryAggregate: tensor(4, 4),
    targetAggregate: tensor(5, 4),
  };
}

describe("an objective with vCLUB", () => {
  test("gives the loss, its parts and a gradient of every embedding's shape", async () => {
    await using objective = await Objective.create(OPTIONS);
    const batch = embeddings(3);
    expect((await objective.trainEstimator(batch))?.pairs).toHaveLength(6); // three pairs of queries, three of targets
    const result = await objective.evaluate(batch, MASKS, WEIGHTS);
    const paths = result.pathLosses.reduce((sum, loss) => sum + loss, 0) / 3;
    expect(result.loss).toBeCloseTo(result.aggregateLoss + paths + 0.1 * result.regulariser, 5);
    for (const name of EMBEDDINGS) expect(result.gradients[name].shape).toEqual(batch[name].shape);
  });

  test("descends on an estimator that it does not change", async () => {
    await using objective = await Objective.create(OPTIONS);
    const batch = embeddings(3);
    await objective.trainEstimator(batch);
    const before = [...(objective.estimator?.parameters.values() ?? [])].map(({ data }) => [...data]);
    const first = await objective.evaluate(batch, MASKS, WEIGHTS);
    expect(await objective.evaluate(batch, MASKS, WEIGHTS)).toEqual(first);
    expect([...(objective.estimator?.parameters.values() ?? [])].map(({ data }) => [...data])).toEqual(before);
  });
});

test("with one path there is no estimator, and the paths' gradients are zeros", async () => {
  await using objective = await Objective.create({ ...OPTIONS, pathCount: 1 });
  const batch = embeddings(1);
  expect(await objective.trainEstimator(batch)).toBeUndefined();
  const result = await objective.evaluate(batch, MASKS, WEIGHTS);
  expect(result.loss).toBe(result.aggregateLoss);
  expect(result.regulariser).toBe(0);
  expect(result.gradients.queryPaths.shape).toEqual([4, 1, 4]);
  expect(result.gradients.queryPaths.data.every((value) => value === 0)).toBe(true);
  expect(result.gradients.queryAggregate.data.some((value) => value !== 0)).toBe(true);
});

test("masks of another batch are refused with both shapes", async () => {
  await using objective = await Objective.create({ ...OPTIONS, regulariser: { kind: "none" } });
  const error = await thrownBy(() => objective.evaluate(embeddings(3), makeMasks(["a", "b"]), WEIGHTS));
  expect(error).toBeInstanceOf(ShapeError);
  expect((error as ShapeError).message).toContain("positives");
});
