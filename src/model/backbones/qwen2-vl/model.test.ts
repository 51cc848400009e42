import { describe, expect, test } from "vitest";
import { matmulCost } from "../../../../test/fixtures/qwen2-vl/matmul-cost.ts";
import { readReferenceModel } from "../../../../test/fixtures/qwen2-vl/reference-model.ts";
import { relativeError, runGraph } from "../../../../test/fixtures/qwen2-vl/run-graph.ts";
import {
  randomWeights,
  TINY,
  TINY_BACKBONE,
  tinyBatch,
  type Padding,
  type TinyInput,
} from "../../../../test/fixtures/qwen2-vl/tiny-model.ts";
import { TOPOLOGIES, gatedPaths, pathCosts, weightCounter } from "../../../../test/support/model-checks.ts";
import { bindInputs } from "../../../engine/graph/bind-inputs.ts";
import type { FloatTensor } from "../../../engine/tensor/tensor.ts";
import { SINGLE_PATH, type PathConfig } from "../../paths/path-config.ts";
import { modelInputs } from "../../multimodal/model-inputs.ts";
import { visionModeOf } from "../../multimodal/token-batch.ts";
import { qwen2VLBackbone } from "./backbone.ts";
import { embeddingGraph, hiddenStatesGraph } from "../../multimodal/model.ts";

type Embeddings = Record<"paths" | "aggregate", FloatTensor>;

async function embed(config: PathConfig, inputs: readonly TinyInput[], padding: Padding = {}): Promise<Embeddings> {
  const batch = tinyBatch(inputs, padding);
  const { graph, shapes } = embeddingGraph({ backbone: TINY_BACKBONE, paths: config, vision: visionModeOf(batch) });
  return runGraph(graph, { ...randomWeights(shapes), ...modelInputs(TINY_BACKBONE, config, batch) });
}

function row({ shape, data }: FloatTensor, index: number): Float32Array {
  const size = data.length / (shape[0] as number);
  return data.subarray(index * size, (index + 1) * size);
}

describe.each(TOPOLOGIES)("topology %o", (topology) => {
  const config = gatedPaths(topology, 3);

  test.each<[string, readonly TinyInput[]]>([
    ["text", [[4, 8], [1, 2, 3, 9, 9, 7], [5]]],
    ["images of one size", [[{ rows: 2, columns: 1, seed: 1 }, 3], [7, 8, 9, { rows: 2, columns: 1, seed: 2 }], [{ rows: 2, columns: 1, seed: 3 }]]],
    ["images of several sizes, or none, or two", [
      [{ rows: 1, columns: 3, seed: 1 }, 3, { rows: 2, columns: 2, seed: 2 }],
      [4, 8],
      [1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, { rows: 3, columns: 1, seed: 3 }],
      [{ rows: 1, columns: 1, seed: 4 }, 5],
    ]],
  ])("an input's embedding does not depend on what it is batched with: %s", async (_, inputs) => {
    const together = await embed(config, inputs);
    const longer = await embed(config, inputs, { tokens: 24, padding: 13 });
    for (const [index, input] of inputs.entries()) {
      const alone = await embed(config, [input]);
      for (const output of ["paths", "aggregate"] as const) {
        expect(relativeError(row(together[output], index), alone[output].data)).toBeLessThan(1e-5);
        expect(relativeError(row(longer[output], index), alone[output].data)).toBeLessThan(1e-5);
      }
    }
  }); // prettier-ignore

  test("embeddings have unit length", async () => {
    const embeddings = await embed(config, [
      [4, 8],
      [1, 2, 3],
    ]);
    expect(embeddings.paths.shape).toEqual([2, 3, TINY.hiddenSize]);
    expect(embeddings.aggregate.shape).toEqual([2, TINY.hiddenSize]);
    const norms = [embeddings.paths, embeddings.aggregate].flatMap(({ data }) =>
      Array.from({ length: data.length / TINY.hiddenSize }, (_, at) =>
        Math.hypot(...data.subarray(at * TINY.hiddenSize, (at + 1) * TINY.hiddenSize)),
      ),
    );
    for (const norm of norms) expect(norm).toBeCloseTo(1, 5);
  });

  test("the vision tower runs once per image, whatever the number of paths", () => {
    const batch = tinyBatch([
      [{ rows: 2, columns: 2 }, 3, { rows: 1, columns: 2 }],
      [4, { rows: 2, columns: 2 }],
    ]);
    const cost = pathCosts(TINY_BACKBONE, batch, topology);
    const { depth } = TINY.vision;
    expect(cost(1, "visual")).toEqual(cost(8, "visual"));
    expect(cost(1, "visual").products).toBe(1 + 6 * depth + 2);
    expect(cost(8, "model.layers").flops).toBeGreaterThan(cost(1, "model.layers").flops);
  });
});

/** Worked out by hand for the tower and a decoder of all layers at full cost. */
test("the cost of the vision tower and the last layer's saving, in products of matrices", () => {
  const batch = tinyBatch([[{ rows: 2, columns: 2 }, 3]]);
  const { graph, shapes } = embeddingGraph({ backbone: TINY_BACKBONE, paths: SINGLE_PATH, vision: "uniform" });
  const bindings = bindInputs(graph, { ...randomWeights(shapes), ...modelInputs(TINY_BACKBONE, SINGLE_PATH, batch) });
  const { embedDimension: e, mlpRatio } = TINY.vision;
  const [patches, blocks, tokens] = [16, 4, 7];
  const block = patches * e * (3 * e) + 2 * patches * patches * e + patches * e * e + 2 * patches * e * e * mlpRatio;
  const merger = blocks * 4 * e * (4 * e) + blocks * 4 * e * TINY.hiddenSize;
  expect(matmulCost(graph, "visual", bindings).flops).toBe(2 * (patches * 12 * e + 2 * block + merger));
  const { hiddenSize: d, intermediateSize: f, headDimension: w, keyValueHeadCount } = TINY;
  const keyValues = 2 * d * keyValueHeadCount * w;
  const layer = (rows: number): number => 2 * (rows * (2 * d * d + 3 * d * f) + tokens * keyValues + 2 * rows * tokens * d);
  expect(matmulCost(graph, "model.layers.0", bindings).flops).toBe(layer(tokens));
  expect(matmulCost(graph, "model.layers.2", bindings).flops).toBe(layer(1));
});

test("weights have the names and shapes of the checkpoint", async () => {
  const { backbone, weights } = await readReferenceModel("small");
  const { shapes } = hiddenStatesGraph({ backbone, paths: SINGLE_PATH, vision: "ragged" });
  const stored = Object.entries(weights).filter(([name]) => !/^(paths\.|lm_head)|lora_/.test(name));
  expect(Object.fromEntries(shapes)).toEqual(Object.fromEntries(stored.map(([name, { shape }]) => [name, shape])));
});

/** Sizes of the published models, and the number of weights that the reference implementation counts in them. */
test.each([
  ["2B", { hiddenSize: 1536, intermediateSize: 8960, headCount: 12, keyValueHeadCount: 2, vocabSize: 151_936, tieWordEmbeddings: true }, 2_208_985_600],
  ["7B", { hiddenSize: 3584, intermediateSize: 18_944, headCount: 28, keyValueHeadCount: 4, vocabSize: 152_064, tieWordEmbeddings: false }, 8_291_375_616],
] as const)("Qwen2-VL-%s has all its weights", (_, sizes, count) => {
  const vision = { ...TINY.vision, embedDimension: 1280, depth: 32, headCount: 16, mlpRatio: 4, patchSize: 14, temporalPatchSize: 2 };
  const text = { ...TINY, ...sizes, layerCount: 28, headDimension: 128, ropeSections: [16, 24, 24] as const };
  const backbone = qwen2VLBackbone({ ...text, vision: { ...vision, hiddenSize: sizes.hiddenSize } });
  expect(weightCounter(backbone)()).toBe(count);
}); // prettier-ignore

test("weights of the paths", () => {
  const shapes = (config: PathConfig): Record<string, readonly number[]> =>
    Object.fromEntries(
      [...embeddingGraph({ backbone: TINY_BACKBONE, paths: config, vision: "none" }).shapes].filter(([name]) => name.startsWith("paths.")),
    );
  const [groups, width, d] = [TINY.keyValueHeadCount, TINY.headDimension, TINY.hiddenSize];
  const prefixes = Object.fromEntries(
    [0, 1, 2].flatMap((layer) =>
      ["keys", "values"].map((kind) => [`paths.layers.${layer}.prefix_${kind}`, [3, groups, 2, width]] as const),
    ),
  );
  const gate = { "paths.gate.0.weight": [d, 3 * d], "paths.gate.0.bias": [d], "paths.gate.2.weight": [3, d] };
  expect(shapes(gatedPaths({ kind: "parallel" }, 3))).toEqual({ ...prefixes, ...gate });
  expect(shapes(gatedPaths({ kind: "shared", readoutTokens: 2 }, 3))).toEqual({ ...prefixes, ...gate, "paths.readout_tokens": [3, 2, d] });
  expect(shapes(SINGLE_PATH)).toEqual({});
});

test("low-rank adapters that were not trained yet change nothing", async () => {
  const batch = tinyBatch([[4, { rows: 1, columns: 2 }, 6]]);
  const lora = { rank: 2, alpha: 4, targetModules: ["q_proj", "down_proj"] };
  const [plain, adapted] = await Promise.all(
    [undefined, lora].map(async (lora) => {
      const { graph, shapes } = embeddingGraph({ backbone: TINY_BACKBONE, paths: SINGLE_PATH, vision: "uniform", lora });
      const weights = Object.entries(randomWeights(shapes)).map(([name, tensor]) =>
        name.includes("lora_B") ? ([name, { ...tensor, data: new Float32Array(tensor.data.length) }] as const) : ([name, tensor] as const),
      );
      const adapters = [...shapes.keys()].filter((name) => name.includes("lora_"));
      expect(adapters).toHaveLength(lora === undefined ? 0 : 2 * 2 * TINY.layerCount);
      return runGraph<"paths">(graph, { ...Object.fromEntries(weights), ...modelInputs(TINY_BACKBONE, SINGLE_PATH, batch) });
    }),
  );
  expect(relativeError(adapted?.paths.data ?? [], plain?.paths.data ?? [])).toBeLessThan(1e-6);
});
