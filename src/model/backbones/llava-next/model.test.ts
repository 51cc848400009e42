import { describe, expect, test } from "vitest";
import { readReferenceModel } from "../../../../test/fixtures/llava-next/reference-model.ts";
import { relativeError, runGraph } from "../../../../test/fixtures/qwen2-vl/run-graph.ts";
import { TOPOLOGIES, pathCosts, weightCounter, expectWeightParts } from "../../../../test/support/model-checks.ts";
import { invariant, present } from "../../../errors/families.ts";
import { readJsonFile } from "../../../files/json-file.ts";
import { expectFloat, floatTensor } from "../../../engine/tensor/tensor.ts";
import { modelInputs } from "../../multimodal/model-inputs.ts";
import { embeddingGraph } from "../../multimodal/model.ts";
import type { ImageTensors, TokenBatch } from "../../multimodal/token-batch.ts";
import { SINGLE_PATH } from "../../paths/path-config.ts";
import { llavaNextBackbone } from "./backbone.ts";
import { parseLlavaNextConfig } from "./config.ts";

const { backbone, config, weights, batch: batchOf } = await readReferenceModel("small");

describe.each(TOPOLOGIES)("topology %o", (topology) => {
  test("the vision tower runs once per tile, whatever the number of paths", () => {
    const batch = batchOf("mixed");
    const cost = pathCosts(backbone, batch, topology);
    const { width, innerWidth, depth } = config.vision;
    const [tiles, patches, tokens] = [batch.images?.inputs["pixelValues"]?.shape[0] as number, 16, 17];
    const block = 4 * tokens * width ** 2 + 2 * tokens ** 2 * width + 2 * tokens * width * innerWidth;
    expect(cost(1, "vision_tower")).toEqual({
      flops: 2 * tiles * (patches * 27 * width + (depth - 1) * block),
      products: 1 + 8 * (depth - 1),
    });
    expect(cost(8, "vision_tower")).toEqual(cost(1, "vision_tower"));
    expect(cost(8, "multi_modal_projector")).toEqual(cost(1, "multi_modal_projector"));
    expect(cost(8, "language_model").flops).toBeGreaterThan(cost(1, "language_model").flops);
  });
});

test("an input's embedding does not depend on the tiles of others", async () => {
  const { graph } = embeddingGraph({ backbone, paths: SINGLE_PATH, vision: "uniform" });
  const batch = batchOf("image");
  const embed = (images: TokenBatch["images"]) =>
    runGraph<"paths">(graph, { ...weights, ...modelInputs(backbone, SINGLE_PATH, { ...batch, images }) });
  const alone = await embed(batch.images);
  const together = await embed(withOneMoreTile(present(batch.images, "images")));
  expect(relativeError(together.paths.data, alone.paths.data)).toBeLessThan(1e-5);
});

function withOneMoreTile({ mode, inputs, featureRows }: ImageTensors): ImageTensors {
  const pixels = expectFloat(present(inputs["pixelValues"], "pixels"));
  const [tiles, patches, length] = pixels.shape as [number, number, number];
  const data = new Float32Array((tiles + 1) * patches * length).fill(1);
  data.set(pixels.data);
  const [newline, moved] = [tiles * patches, (tiles + 1) * patches];
  invariant(featureRows.includes(newline), "a row of patches that is closed");
  const rows = featureRows.map((row) => (row === newline ? moved : row));
  return { mode, inputs: { pixelValues: floatTensor([tiles + 1, patches, length], data) }, featureRows: rows };
}

test("every weight of the graph is the tower's, the decoder's or the embeddings'", () => {
  expectWeightParts(backbone, { image_newline: "vision", "language_model.lm_head.weight": "embeddings" });
});

/** Numbers of weights that the reference implementation counts, all and those behind the layer of the tower that is used. */
test.each([
  ["mistral-7b", { model_type: "mistral", max_position_embeddings: 32_768, num_key_value_heads: 8, sliding_window: null }],
  ["vicuna-7b", { model_type: "llama", max_position_embeddings: 4096 }],
  ["vicuna-13b", { model_type: "llama", hidden_size: 5120, intermediate_size: 13_824, num_attention_heads: 40, num_hidden_layers: 40 }],
] as const)("LLaVA-1.6 with %s has all its weights", async (name, text) => {
  const sizes = (await readJsonFile("test/fixtures/llava-next/sizes.json")) as Record<string, { all: number; unused: number }>;
  const vision = {
    hidden_size: 1024,
    image_size: 336,
    intermediate_size: 4096,
    num_attention_heads: 16,
    num_hidden_layers: 24,
    patch_size: 14,
  };
  const value = { model_type: "llava_next", text_config: { ...text, vocab_size: 32_064 }, vision_config: vision };
  const real = llavaNextBackbone(parseLlavaNextConfig(value, { file: "config.json" }));
  const { all, unused } = present(sizes[name], name);
  expect(weightCounter(real)()).toBe(all - unused);
});
