import { describe, expect, test } from "vitest";
import { PUBLISHED } from "../../../../test/fixtures/idefics3/published-configs.ts";
import { readReferenceModel } from "../../../../test/fixtures/idefics3/reference-model.ts";
import { relativeError, runGraph } from "../../../../test/fixtures/qwen2-vl/run-graph.ts";
import { TOPOLOGIES, pathCosts, weightCounter, expectWeightParts, expectSameRecomputed } from "../../../../test/support/model-checks.ts";
import { present } from "../../../errors/families.ts";
import { readJsonFile } from "../../../files/json-file.ts";
import { modelInputs } from "../../multimodal/model-inputs.ts";
import { embeddingGraph } from "../../multimodal/model.ts";
import { SINGLE_PATH } from "../../paths/path-config.ts";
import { picture } from "../../../../test/fixtures/llava-next/picture.ts";
import { idefics3Backbone } from "./backbone.ts";
import { parseIdefics3Config } from "./config.ts";

const { backbone, processor, weights, ...model } = await readReferenceModel("small");

describe.each(TOPOLOGIES)("topology %o", (topology) => {
  test("the vision tower runs once per tile, whatever the number of paths", async () => {
    const batch = await model.batch("mixed");
    const cost = pathCosts(backbone, batch, topology);
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
});

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
  await expectSameRecomputed({ backbone, weights }, await model.batch("image"));
});

test("every weight of the graph is the tower's, the decoder's or the embeddings'", () => {
  expectWeightParts(backbone, { "model.connector.modality_projection.proj.weight": "vision", "lm_head.weight": "embeddings" });
});

test.each(["smolvlm-256m", "smolvlm-500m", "smolvlm-2.2b"] as const)("%s has as many weights as the library counts", async (name) => {
  const sizes = (await readJsonFile("test/fixtures/idefics3/sizes.json")) as Record<string, Record<string, number>>;
  const count = weightCounter(idefics3Backbone(parseIdefics3Config(PUBLISHED[name], { file: "config.json" })));
  expect({
    all: count(),
    vision: count("model.vision_model."),
    connector: count("model.connector."),
    decoder: count("model.text_model."),
    head: count("lm_head."),
  }).toEqual(present(sizes[name], name));
});
