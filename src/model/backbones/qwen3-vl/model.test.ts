import { describe, expect, test } from "vitest";
import { relativeError, runGraph } from "../../../../test/fixtures/qwen2-vl/run-graph.ts";
import { randomWeights } from "../../../../test/fixtures/qwen2-vl/tiny-model.ts";
import { PUBLISHED_2B, PUBLISHED_4B, PUBLISHED_8B } from "../../../../test/fixtures/qwen3-vl/published-configs.ts";
import { readReferenceModel } from "../../../../test/fixtures/qwen3-vl/reference-model.ts";
import {
  TOPOLOGIES,
  gatedPaths,
  pathCosts,
  weightCounter,
  expectWeightParts,
  expectSameRecomputed,
} from "../../../../test/support/model-checks.ts";
import type { FloatTensor } from "../../../engine/tensor/tensor.ts";
import { readJsonFile } from "../../../files/json-file.ts";
import { modelInputs } from "../../multimodal/model-inputs.ts";
import { embeddingGraph, hiddenStatesGraph } from "../../multimodal/model.ts";
import { visionModeOf } from "../../multimodal/token-batch.ts";
import { SINGLE_PATH } from "../../paths/path-config.ts";
import { qwen3VLBackbone } from "./backbone.ts";
import { parseQwen3VLConfig } from "./config.ts";

const { backbone, config, weights, batch: batchOf } = await readReferenceModel("small");

describe.each(TOPOLOGIES)("topology %o", (topology) => {
  test("tower and mergers run once per image, whatever the number of paths", () => {
    const cost = pathCosts(backbone, batchOf("uniform"), topology);
    expect(cost(1, "model.visual").flops).toBeGreaterThan(0);
    expect(cost(8, "model.visual")).toEqual(cost(1, "model.visual"));
    expect(cost(8, "model.language_model").flops).toBeGreaterThan(cost(1, "model.language_model").flops);
  });

  test("all paths at once give what each gives alone", async () => {
    const batch = batchOf("mixed");
    const config = { ...gatedPaths(topology, 2), aggregation: "mean" } as const;
    const { graph, shapes } = embeddingGraph({ backbone, paths: config, vision: visionModeOf(batch) });
    const own: Record<string, FloatTensor> = Object.fromEntries(
      Object.entries(randomWeights(shapes)).filter(([name]) => name.startsWith("paths.")),
    );
    const both = await runGraph<"paths">(graph, { ...weights, ...own, ...modelInputs(backbone, config, batch) });
    const single = { ...config, count: 1 };
    const { graph: alone } = embeddingGraph({ backbone, paths: single, vision: visionModeOf(batch) });
    const [rows, , width] = both.paths.shape as [number, number, number];
    for (const path of [0, 1]) {
      const half = Object.fromEntries(Object.entries(own).map(([name, tensor]) => [name, rowOf(tensor, path)]));
      const { paths: one } = await runGraph<"paths">(alone, { ...weights, ...half, ...modelInputs(backbone, single, batch) });
      const expected = Array.from({ length: rows }, (_, row) =>
        Array.from(both.paths.data.subarray((row * 2 + path) * width, (row * 2 + path + 1) * width)),
      ).flat();
      expect(relativeError(one.data, expected)).toBeLessThan(1e-5);
    }
  });
});

function rowOf({ shape, data, ...tensor }: FloatTensor, row: number): FloatTensor {
  const [rows, ...rest] = shape as [number, ...number[]];
  return { ...tensor, shape: [1, ...rest], data: data.slice((row * data.length) / rows, ((row + 1) * data.length) / rows) };
}

test("deepstack features reach the first decoder layers, and only image tokens", async () => {
  const batch = batchOf("image");
  const run = async (changed: typeof weights): Promise<Float32Array> => {
    const { graph } = hiddenStatesGraph({ backbone, paths: SINGLE_PATH, vision: visionModeOf(batch) });
    return (await runGraph<"hidden">(graph, { ...changed, ...modelInputs(backbone, SINGLE_PATH, batch) })).hidden.data;
  };
  const name = "model.visual.deepstack_merger_list.0.linear_fc2.bias";
  const bias = weights[name] as FloatTensor;
  const before = await run(weights);
  const after = await run({ ...weights, [name]: { ...bias, data: bias.data.map((value) => value + 1) } });
  const image = batch.inputIds.data.indexOf(config.imageTokenId);
  expect(image).toBeGreaterThan(0);
  expect(relativeError(after.subarray(0, image * config.hiddenSize), before.subarray(0, image * config.hiddenSize))).toBeLessThan(1e-6);
  expect(relativeError(after.subarray(image * config.hiddenSize), before.subarray(image * config.hiddenSize))).toBeGreaterThan(0.01);
});

test("recomputing layers in the backward pass changes nothing in the forward one", async () => {
  await expectSameRecomputed({ backbone, weights }, batchOf("mixed"));
});

test("every weight of the graph is the tower's, the decoder's or the embeddings'", () => {
  expectWeightParts(backbone, { "model.visual.deepstack_merger_list.0.norm.weight": "vision", "lm_head.weight": "embeddings" });
});

test.each([
  ["2B", PUBLISHED_2B],
  ["4B", PUBLISHED_4B],
  ["8B", PUBLISHED_8B],
] as const)("Qwen3-VL-%s has as many weights as the library counts", async (name, published) => {
  const sizes = (await readJsonFile("test/fixtures/qwen3-vl/sizes.json")) as Record<string, number>;
  const real = qwen3VLBackbone(parseQwen3VLConfig(published, { file: "config.json" }));
  expect(weightCounter(real)()).toBe(sizes[name]);
});
