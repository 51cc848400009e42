import { describe, expect, test } from "vitest";
import { PUBLISHED } from "../../../../test/fixtures/idefics3/published-configs.ts";
import { readReferenceModel } from "../../../../test/fixtures/idefics3/reference-model.ts";
import { matmulCost } from "../../../../test/fixtures/qwen2-vl/matmul-cost.ts";
import { relativeError, runGraph } from "../../../../test/fixtures/qwen2-vl/run-graph.ts";
import { randomWeights } from "../../../../test/fixtures/qwen2-vl/tiny-model.ts";
import { bindInputs } from "../../../engine/graph/bind-inputs.ts";
import { GraphBuilder } from "../../../engine/graph/graph-builder.ts";
import { sizeOf } from "../../../engine/tensor/tensor.ts";
import { present } from "../../../errors/families.ts";
import { readJsonFile } from "../../../files/json-file.ts";
import { modelInputs } from "../../multimodal/model-inputs.ts";
import { embeddingGraph, encodeTokens, outputTable } from "../../multimodal/model.ts";
import { weightPart } from "../../multimodal/weight-parts.ts";
import { Parameters } from "../../nn/parameter-source.ts";
import { SINGLE_PATH, type PathConfig, type PathTopology } from "../../paths/path-config.ts";
import { picture } from "../../../../test/fixtures/llava-next/picture.ts";
import { idefics3Backbone } from "./backbone.ts";
import { parseIdefics3Config } from "./config.ts";

const { backbone, processor, weights, ...model } = await readReferenceModel("small");

const paths = (topology: PathTopology, count: number): PathConfig => ({ count, prefixLength: 2, topology, aggregation: "gate" });

describe.each<PathTopology>([{ kind: "parallel" }, { kind: "branchLayer", layer: 1 }, { kind: "shared", readoutTokens: 2 }])("topology %o", (topology) => {
  test("the vision tower runs once per tile, whatever the number of paths", async () => {
    const batch = await model.batch("mixed");
    const cost = (count: number, scope: string): ReturnType<typeof matmulCost> => {
      const options = { backbone, paths: paths(topology, count), vision: "uniform" } as const;
      const { graph, shapes } = embeddingGraph(options);
      return matmulCost(graph, scope, bindInputs(graph, { ...randomWeights(shapes), ...modelInputs(backbone, options.paths, batch) }));
    };
    const [width, inner, depth, patches] = [16, 24, 2, 16];
    const tiles = batch.images?.inputs["pixelValues"]?.shape[0] as number;
    expect(tiles).toBe(7 + 4 + 10); // 2 x 3 of them and one for all, 1 x 3 and one, 3 x 3 and one
    const block = 4 * patches * width ** 2 + 2 * patches ** 2 * width + 2 * patches * width * inner;
    expect(cost(1, "model.vision_model")).toEqual({ flops: 2 * tiles * (patches * 48 * width + depth * block), products: 1 + 8 * depth });
    expect(cost(8, "model.vision_model")).toEqual(cost(1, "model.vision_model"));
    expect(cost(1, "model.connector")).toEqual({ flops: 2 * tiles * (patches / 4) * 4 * width * 32, products: 1 });
    expect(cost(8, "model.connector")).toEqual(cost(1, "model.connector"));
    expect(cost(8, "model.text_model").flops).toBeGreaterThan(cost(1, "model.text_model").flops);
  });
}); // prettier-ignore

test("an input's embedding does not depend on what it is batched with", async () => {
  const { graph } = embeddingGraph({ backbone, paths: SINGLE_PATH, vision: "uniform" });
  const inputs = [{ image: picture(40, 30, 1), text: "a" }, { image: picture(9, 90, 2) }, { image: picture(70, 70, 3), text: "the last" }];
  const embed = async (some: typeof inputs): Promise<Float32Array> => {
    const batch = await processor.processBatch(some);
    return (await runGraph<"paths">(graph, { ...weights, ...modelInputs(backbone, SINGLE_PATH, batch) })).paths.data;
  };
  const together = await embed(inputs);
  const alone = (await Promise.all(inputs.map((input) => embed([input])))).flatMap((data) => [...data]);
  expect(relativeError(together, alone)).toBeLessThan(1e-5);
});

test("recomputing the tower's blocks in the backward pass changes nothing in the forward one", async () => {
  const batch = await model.batch("image");
  const run = async (recompute: boolean): Promise<Float32Array> => {
    const { graph } = embeddingGraph({ backbone, paths: SINGLE_PATH, vision: "uniform", recompute });
    return (await runGraph<"paths">(graph, { ...weights, ...modelInputs(backbone, SINGLE_PATH, batch) })).paths.data;
  };
  expect(relativeError(await run(true), await run(false))).toBeLessThan(1e-6);
});

test("every weight of the graph is the tower's, the decoder's or the embeddings'", () => {
  const { shapes } = embeddingGraph({ backbone, paths: SINGLE_PATH, vision: "uniform" });
  expect(new Set([...shapes.keys()].map((name) => weightPart(backbone, name)))).toEqual(new Set(["decoder", "embeddings", "vision"]));
  expect(weightPart(backbone, "model.connector.modality_projection.proj.weight")).toBe("vision");
  expect(weightPart(backbone, "lm_head.weight")).toBe("embeddings");
});

test.each(["smolvlm-256m", "smolvlm-500m", "smolvlm-2.2b"] as const)("%s has as many weights as the library counts", async (name) => {
  const sizes = (await readJsonFile("test/fixtures/idefics3/sizes.json")) as Record<string, Record<string, number>>;
  const real = idefics3Backbone(parseIdefics3Config(PUBLISHED[name], { file: "config.json" }));
  const parameters = new Parameters(new GraphBuilder());
  encodeTokens(parameters, { backbone: real, paths: SINGLE_PATH, vision: "uniform" });
  outputTable(parameters, real);
  const count = (...beginnings: readonly string[]): number =>
    [...parameters.shapes].reduce((sum, [weight, shape]) => sum + (beginnings.some((at) => weight.startsWith(at)) ? sizeOf(shape) : 0), 0);
  expect({
    all: count(""),
    vision: count("model.vision_model."),
    connector: count("model.connector."),
    decoder: count("model.text_model."),
    head: count("lm_head."),
  }).toEqual(present(sizes[name], name));
});
