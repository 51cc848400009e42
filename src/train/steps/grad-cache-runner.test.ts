import { afterAll, describe, expect, test, vi } from "vitest";
import { tinyBatchOf, tinyLanguageBatch, tinyTrainable, type Medium } from "../../../test/support/training/tiny-trainable.ts";
import { printGraph } from "../../engine/graph/print.ts";
import { SINGLE_PATH, type PathConfig } from "../../model/paths/path-config.ts";
import type { TrainingBatch } from "../batch-source.ts";
import type { Regulariser } from "../objective/loss-graph.ts";
import { MutualInformationEstimator } from "../objective/mutual-information-estimator.ts";
import type { NamedTensors } from "../optimizer/optimizer.ts";
import type { TrainableModel } from "../trainable-model.ts";
import { trainableFilter } from "../trainable.ts";
import type { ChunkSize } from "./chunk-sizes.ts";
import { encoderGraph } from "./encoder-graph.ts";
import { GradCacheRunner } from "./grad-cache-runner.ts";
import type { StepEngine, StepEngineOptions, StepResult } from "./step-engine.ts";
import { StepRunner } from "./step-runner.ts";

vi.setConfig({ testTimeout: 120_000 });

const PARALLEL: PathConfig = { count: 3, prefixLength: 2, topology: { kind: "parallel" }, aggregation: "gate" };
const SHARED: PathConfig = { count: 3, prefixLength: 2, topology: { kind: "shared", readoutTokens: 2 }, aggregation: "mean" };
const LOSS_WEIGHTS = { temperature: 0.2, pathWeight: 0.7, regulariserWeight: 0.3 };

const opened: StepEngine[] = [];
afterAll(() => Promise.all(opened.map((engine) => engine.dispose())));

interface Case {
  readonly model: TrainableModel;
  readonly regulariser?: Regulariser;
  readonly estimator?: NamedTensors;
  readonly recompute?: boolean;
}

function engineOptions({ model, regulariser = { kind: "none" }, recompute = false }: Case): StepEngineOptions {
  const { backbone, paths, lora, processor } = model;
  const trainable = trainableFilter({ lora, freeze: [] }, backbone);
  return { model: { backbone, paths, lora, recompute, isTraining: true }, regulariser, symmetric: true, processor, trainable, threads: 1 };
}

function run(engine: StepEngine, { model, estimator = new Map() }: Case, batch: TrainingBatch): Promise<StepResult> {
  opened.push(engine);
  return engine.run({ batch, weights: model.weights, estimator, lossWeights: LOSS_WEIGHTS, randomKeys: [7] });
}

/** An estimator that is not at its start, where vCLUB has no gradient. */
async function movedEstimator({ backbone, paths }: TrainableModel): Promise<Required<Pick<Case, "regulariser" | "estimator">>> {
  const settings = { seed: 3, learningRate: 1, innerSteps: 1, hiddenWidth: 8, pairs: "unordered" } as const;
  const made = await MutualInformationEstimator.create({
    ...settings,
    pathCount: paths.count,
    dimensions: backbone.decoder.hiddenSize,
    threads: 1,
  });
  const estimator = new Map([...made.parameters].map(([name, { shape, data }]) => [name, { dtype: "float32" as const, shape, data: data.map((value, at) => value + 0.2 * Math.sin(at)) }])); // prettier-ignore
  await made.dispose();
  return { regulariser: { kind: "vclub", estimator: made.shape }, estimator };
}

/** The largest difference between two sets of gradients, as a share of the largest gradient of the same weight or of a thousandth of all. */
function worstError(actual: NamedTensors, expected: NamedTensors): number {
  const largest = (data: Float32Array): number => data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const floor = 1e-3 * Math.max(...[...expected.values()].map(({ data }) => largest(data)));
  const errors = [...expected].map(([name, { data }]) => {
    const other = actual.get(name)?.data ?? new Float32Array(data.length);
    return largest(data.map((value, at) => value - (other[at] as number))) / Math.max(floor, largest(data));
  });
  return Math.max(...errors);
}

async function expectEqualSteps(given: Case, batch: TrainingBatch, chunkSize: ChunkSize): Promise<void> {
  const options = engineOptions(given);
  const direct = await run(new StepRunner(options), given, batch);
  const chunked = await run(new GradCacheRunner({ ...options, chunkSize }), given, batch);
  expect([...chunked.gradients.keys()].sort()).toEqual([...direct.gradients.keys()].sort());
  expect(direct.gradients.size).toBeGreaterThan(10);
  expect(worstError(chunked.gradients, direct.gradients)).toBeLessThan(1e-5);
  expect(Math.abs(chunked.loss - direct.loss)).toBeLessThan(1e-5 * Math.abs(direct.loss));
  expect(chunked.precision).toBeCloseTo(direct.precision, 6);
  expect(chunked.pathPrecisions).toEqual(direct.pathPrecisions);
  expect(chunked.pathLosses).toHaveLength(direct.pathLosses.length);
  expect(chunked.embeddings?.targetPaths.shape).toEqual(direct.embeddings?.targetPaths.shape);
}

const MODELS = {
  "one path (SSC)": tinyTrainable(SINGLE_PATH),
  "three paths, parallel": tinyTrainable(PARALLEL),
  "three paths, shared": tinyTrainable(SHARED),
} as const;
type ModelName = keyof typeof MODELS;

describe("the gradients are those of the whole batch, the last chunk shorter", () => {
  test.each<[ModelName, Medium, Medium]>([
    ["one path (SSC)", "text", "text"],
    ["one path (SSC)", "mixed", "images of several sizes"],
    ["three paths, parallel", "text", "text"],
    ["three paths, parallel", "mixed", "images of several sizes"],
    ["three paths, shared", "image", "text"],
  ])("%s, from %s to %s", async (name, queries, targets) => {
    await expectEqualSteps({ model: MODELS[name] }, tinyBatchOf(queries, targets), 3);
  });

  test.each<ModelName>(["three paths, parallel", "three paths, shared"])("%s, with vCLUB", async (name) => {
    const model = MODELS[name];
    await expectEqualSteps({ model, ...(await movedEstimator(model)) }, tinyBatchOf("image", "text", { count: 9 }), 4);
  });

  test("paths with orthogonality", async () => {
    const given: Case = { model: MODELS["three paths, shared"], regulariser: { kind: "orthogonality", centred: true } };
    await expectEqualSteps(given, tinyBatchOf("text", "image"), 4);
  });

  test("language modelling, whose answers are of different length", async () => {
    await expectEqualSteps({ model: MODELS["three paths, parallel"] }, tinyLanguageBatch("mixed"), 2);
  });
});

test("with adapters, and a chunk for every input", async () => {
  const model = tinyTrainable(PARALLEL, { rank: 2, alpha: 4, targetModules: ["q_proj", "down_proj"] });
  await expectEqualSteps({ model }, tinyBatchOf("image", "text", { count: 3, hardNegatives: 0 }), 1);
});

describe("chunks of queries and of targets have sizes of their own", () => {
  test.each<[ModelName, Medium, Medium, ChunkSize]>([
    ["one path (SSC)", "mixed", "text", { queries: 2, targets: 5 }],
    ["three paths, parallel", "text", "text", { queries: 100, targets: 4 }],
    ["three paths, shared", "text", "image", { queries: 3, targets: 1 }],
  ])("%s, from %s to %s", async (name, queries, targets, chunkSize) => {
    await expectEqualSteps({ model: MODELS[name] }, tinyBatchOf(queries, targets), chunkSize);
  });
});

describe("with dropout the same is left out in both passes, in chunks and whole, kept and computed again", () => {
  const lora = { rank: 2, alpha: 4, targetModules: ["q_proj", "v_proj", "down_proj"], dropout: 0.4 };
  test.each([
    ["parallel", PARALLEL, "mixed", { queries: 2, targets: 4 }],
    ["shared", SHARED, "text", 3],
  ] as const)("paths %s", async (_, paths, queries, chunkSize) => {
    const model = tinyTrainable(paths, lora);
    const batch = tinyBatchOf(queries, "text");
    await expectEqualSteps({ model }, batch, chunkSize);
    await expectEqualSteps({ model, recompute: true }, batch, chunkSize);
    const given = { model };
    const dropped = await run(new StepRunner(engineOptions(given)), given, batch);
    const kept = await run(new StepRunner(engineOptions({ model: { ...model, lora: { ...lora, dropout: 0 } } })), given, batch);
    expect(Math.abs(dropped.loss - kept.loss)).toBeGreaterThan(1e-3 * kept.loss);
  });

  test("language modelling", async () => {
    await expectEqualSteps({ model: tinyTrainable(PARALLEL, lora) }, tinyLanguageBatch("mixed"), 2);
  });
});

test("without dropout nothing of it is in the graph", () => {
  const { backbone, paths } = MODELS["three paths, parallel"];
  const lora = { rank: 2, alpha: 4, targetModules: ["q_proj"] };
  const printed = (dropout: number, isTraining: boolean): string =>
    printGraph(encoderGraph({ backbone, paths, vision: "uniform", lora: { ...lora, dropout }, isTraining }).graph);
  expect(printed(0, true)).toBe(printed(0.5, false));
  expect(printed(0.5, true)).toContain("dropoutSeeds");
});

test.each([
  ["float16", 2 ** -11],
  ["bfloat16", 2 ** -8],
] as const)(
  "in %s the chunks' gradients are those of float32 to some roundings, and the loss's scale is in them",
  async (precision, rounding) => {
    const model = tinyTrainable(PARALLEL, { rank: 2, alpha: 4, targetModules: ["q_proj", "down_proj"] });
    const given: Case = { model };
    const batch = tinyBatchOf("mixed", "text");
    const exact = await run(new StepRunner(engineOptions(given)), given, batch);
    const options = { ...engineOptions({ ...given, recompute: true }), precision };
    const scale = 64;
    for (const engine of [new StepRunner(options), new GradCacheRunner({ ...options, chunkSize: { queries: 3, targets: 4 } })]) {
      opened.push(engine);
      const inputs = { batch, weights: model.weights, estimator: new Map(), lossWeights: LOSS_WEIGHTS, lossScale: scale };
      const { gradients, loss } = await engine.run(inputs);
      expect(Math.abs(loss - exact.loss)).toBeLessThan(4 * rounding * exact.loss);
      const unscaled = new Map(
        [...gradients].map(([name, tensor]) => [name, { ...tensor, data: tensor.data.map((value) => value / scale) }]),
      );
      expect(worstError(unscaled, exact.gradients)).toBeLessThan(64 * rounding);
    }
  },
);

test("a recipe's recomputation reaches every layer and vision block", () => {
  const { backbone, paths } = MODELS["three paths, parallel"];
  const { graph } = encoderGraph({ backbone, paths, vision: "uniform", recompute: true });
  const regions = new Set(graph.values.flatMap(({ region }) => region ?? []));
  expect(regions.size).toBe(backbone.decoder.layerCount + backbone.vision.layerCount);
});

test.each<ModelName>(["three paths, parallel", "three paths, shared"])(
  "layers computed again give the same gradients: %s",
  async (name) => {
    const model = MODELS[name];
    const given = { model, ...(await movedEstimator(model)) };
    const batch = tinyBatchOf("image", "text");
    const kept = await run(new StepRunner(engineOptions(given)), given, batch);
    const again = await run(new StepRunner(engineOptions({ ...given, recompute: true })), given, batch);
    const chunked = await run(new GradCacheRunner({ ...engineOptions({ ...given, recompute: true }), chunkSize: 4 }), given, batch);
    expect(again.loss).toBeCloseTo(kept.loss, 5);
    expect(worstError(again.gradients, kept.gradients)).toBeLessThan(1e-5);
    expect(worstError(chunked.gradients, kept.gradients)).toBeLessThan(1e-5);
  },
);
