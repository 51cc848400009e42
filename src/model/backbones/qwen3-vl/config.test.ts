import { describe, expect, test } from "vitest";
import { PUBLISHED_2B, PUBLISHED_8B } from "../../../../test/fixtures/qwen3-vl/published-configs.ts";
import { expectConfigError } from "../../../../test/support/expect-config-error.ts";
import { readJsonFile } from "../../../files/json-file.ts";
import { qwen3VLBackbone } from "./backbone.ts";
import { parseQwen3VLConfig, toHuggingFaceConfig } from "./config.ts";

const parse = (value: unknown) => parseQwen3VLConfig(value, { file: "config.json" });

test("the published config of Qwen3-VL-2B", () => {
  expect(parse(PUBLISHED_2B)).toEqual({
    vocabSize: 151936,
    hiddenSize: 2048,
    intermediateSize: 6144,
    layerCount: 28,
    headCount: 16,
    keyValueHeadCount: 8,
    headDimension: 128,
    rmsNormEpsilon: 1e-6,
    ropeTheta: 5e6,
    ropeSections: [24, 20, 20],
    tieWordEmbeddings: true,
    imageTokenId: 151655,
    videoTokenId: 151656,
    visionStartTokenId: 151652,
    visionEndTokenId: 151653,
    bosTokenId: 151643,
    eosTokenId: 151645,
    maxPositions: 262144,
    initializerRange: 0.02,
    vision: {
      embedDimension: 1024,
      depth: 24,
      headCount: 16,
      innerDimension: 4096,
      hiddenSize: 2048,
      patchSize: 16,
      temporalPatchSize: 2,
      spatialMergeSize: 2,
      inChannels: 3,
      hiddenActivation: "gelu_pytorch_tanh",
      positionsPerSide: 48,
      deepstackBlocks: [5, 11, 17],
    },
  });
});

test("the published config of Qwen3-VL-8B, whose output layer is a weight of its own", () => {
  const config = parse(PUBLISHED_8B);
  expect(config).toMatchObject({ hiddenSize: 4096, layerCount: 36, headCount: 32, tieWordEmbeddings: false });
  expect(config.vision).toMatchObject({ embedDimension: 1152, depth: 27, headCount: 16, deepstackBlocks: [8, 16, 24] });
});

test("heads have norms and no biases, and their pairs take turns", () => {
  const { decoder } = qwen3VLBackbone(parse(PUBLISHED_2B));
  expect(decoder).toMatchObject({ attentionBias: false, queryKeyNorm: true });
  const axes = decoder.rotary.pairAxes;
  expect(axes.slice(0, 6)).toEqual([0, 1, 2, 0, 1, 2]);
  expect(axes.slice(-6)).toEqual([1, 2, 0, 0, 0, 0]);
  expect([0, 1, 2].map((axis) => axes.filter((other) => other === axis).length)).toEqual([24, 20, 20]);
});

test.each(["small", "odd", "checkpoint"] as const)("the config of transformers 5 of the tiny model %s", async (name) => {
  const file = `test/fixtures/qwen3-vl/${name}/config.json`;
  const config = parseQwen3VLConfig(await readJsonFile(file), { file });
  expect(config).toMatchObject({
    headDimension: name === "odd" ? 10 : 8,
    ropeTheta: name === "odd" ? 100 : 5e6,
    tieWordEmbeddings: name !== "small",
  });
  expect(config.vision).toMatchObject({ positionsPerSide: name === "odd" ? 7 : 4, hiddenSize: config.hiddenSize });
});

test("what is written reads back the same", async () => {
  const tiny = await readJsonFile("test/fixtures/qwen3-vl/odd/config.json");
  for (const value of [PUBLISHED_2B, PUBLISHED_8B, tiny]) {
    const config = parse(value);
    expect(parse(JSON.parse(JSON.stringify(toHuggingFaceConfig(config))))).toEqual(config);
  }
});

describe("what is wrong is named", () => {
  const text = (changes: object) => ({ ...PUBLISHED_2B, text_config: { ...PUBLISHED_2B.text_config, ...changes } });
  const vision = (changes: object) => ({ ...PUBLISHED_2B, vision_config: { ...PUBLISHED_2B.vision_config, ...changes } });
  const rope = (mrope_section: readonly number[]) => text({ rope_scaling: { rope_type: "default", mrope_section } });
  const { text_config: _, ...withoutText } = PUBLISHED_2B;

  test.each([
    ["unknown field", { ...PUBLISHED_2B, image_tokn_id: 1 }, "image_tokn_id", /did you mean image_token_id\?/],
    ["unknown text field", text({ rope_tetha: 1 }), "text_config.rope_tetha", /did you mean rope_theta\?/],
    ["unknown vision field", vision({ deepstack_visual_indices: [] }), "vision_config.deepstack_visual_indices", /did you mean deepstack_visual_indexes\?/],
    ["field like no other", { ...PUBLISHED_2B, quantization_config: {} }, "quantization_config", /known are/],
    ["missing decoder", withoutText, "text_config", /text_config is missing/],
    ["experts", text({ num_experts: 8 }), "text_config.num_experts", /is not a known field/],
    ["wrong type", text({ hidden_size: "2048" }), "text_config.hidden_size", /is "2048", expected number/],
    ["rope type", text({ rope_scaling: { rope_type: "yarn" } }), "text_config.rope_scaling.rope_type", /is "yarn", expected "default"/],
    ["rope in one piece", text({ rope_scaling: { mrope_interleaved: false } }), "text_config.rope_scaling.mrope_interleaved", /expected true/],
    ["attention bias", text({ attention_bias: true }), "text_config.attention_bias", /expected false/],
    ["sliding window", text({ use_sliding_window: true }), "text_config.use_sliding_window", /is true, expected false/],
    ["odd heads", text({ head_dim: 7 }), "text_config.head_dim", /an even number/],
    ["key-value heads", text({ num_key_value_heads: 5 }), "text_config.num_key_value_heads", /divisor/],
    ["sections of another head", rope([24, 20, 19]), "mrope_section", /half a head's width \(64\)/],
    ["sections that find no place", rope([16, 24, 24]), "mrope_section", /that can be interleaved/],
    ["widths", vision({ out_hidden_size: 8 }), "vision_config.out_hidden_size", /text_config.hidden_size \(2048\)/],
    ["tower's heads", vision({ num_heads: 10 }), "vision_config.hidden_size", /a multiple of 4 per head \(10 heads\)/],
    ["positions", vision({ num_position_embeddings: 2300 }), "vision_config.num_position_embeddings", /a square number/],
    ["block that is not there", vision({ deepstack_visual_indexes: [5, 24] }), "vision_config.deepstack_visual_indexes", /blocks below depth \(24\)/],
    ["block twice", vision({ deepstack_visual_indexes: [5, 5] }), "vision_config.deepstack_visual_indexes", /different blocks/],
    ["more blocks than layers", { ...text({ num_hidden_layers: 2 }) }, "vision_config.deepstack_visual_indexes", /no more than the decoder has layers \(2\)/],
    ["token outside", { ...PUBLISHED_2B, image_token_id: 151936 }, "image_token_id", /below vocab_size/],
    ["token twice", { ...PUBLISHED_2B, video_token_id: 151655 }, "video_token_id", /another id than image_token_id/],
    ["experts' model", { ...PUBLISHED_2B, model_type: "qwen3_vl_moe" }, "model_type", /is "qwen3_vl_moe", expected "qwen3_vl"/],
  ])("%s", async (_, value, field, message) => {
    await expectConfigError(() => parse(value), { file: "config.json", field, message });
  }); // prettier-ignore
});
