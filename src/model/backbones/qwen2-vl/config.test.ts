import { describe, expect, test } from "vitest";
import { expectConfigError } from "../../../../test/support/expect-config-error.ts";
import { FileError } from "../../../errors/families.ts";
import { parseQwen2VLConfig, readQwen2VLConfig, toHuggingFaceConfig } from "./config.ts";

const NESTED = "test/fixtures/configs/qwen2-vl-nested.json";

/** As published with Qwen2-VL-2B-Instruct. */
const PUBLISHED = {
  architectures: ["Qwen2VLForConditionalGeneration"],
  attention_dropout: 0.0,
  bos_token_id: 151643,
  eos_token_id: 151645,
  vision_start_token_id: 151652,
  vision_end_token_id: 151653,
  vision_token_id: 151654,
  image_token_id: 151655,
  video_token_id: 151656,
  hidden_act: "silu",
  hidden_size: 1536,
  initializer_range: 0.02,
  intermediate_size: 8960,
  max_position_embeddings: 32768,
  max_window_layers: 28,
  model_type: "qwen2_vl",
  num_attention_heads: 12,
  num_hidden_layers: 28,
  num_key_value_heads: 2,
  rms_norm_eps: 1e-6,
  rope_theta: 1000000.0,
  sliding_window: 32768,
  tie_word_embeddings: true,
  torch_dtype: "bfloat16",
  transformers_version: "4.41.2",
  use_cache: true,
  use_sliding_window: false,
  vision_config: {
    depth: 32,
    embed_dim: 1280,
    mlp_ratio: 4,
    num_heads: 16,
    in_chans: 3,
    hidden_size: 1536,
    patch_size: 14,
    spatial_merge_size: 2,
    spatial_patch_size: 14,
    temporal_patch_size: 2,
  },
  rope_scaling: { type: "mrope", mrope_section: [16, 24, 24] },
  vocab_size: 151936,
} as const;

const parse = (value: unknown) => parseQwen2VLConfig(value, { file: "config.json" });

test("the published config of Qwen2-VL-2B", () => {
  expect(parse(PUBLISHED)).toEqual({
    vocabSize: 151936,
    hiddenSize: 1536,
    intermediateSize: 8960,
    layerCount: 28,
    headCount: 12,
    keyValueHeadCount: 2,
    headDimension: 128,
    rmsNormEpsilon: 1e-6,
    ropeTheta: 1e6,
    ropeSections: [16, 24, 24],
    tieWordEmbeddings: true,
    imageTokenId: 151655,
    videoTokenId: 151656,
    visionStartTokenId: 151652,
    visionEndTokenId: 151653,
    eosTokenId: 151645,
    maxPositions: 32768,
    initializerRange: 0.02,
    vision: {
      embedDimension: 1280,
      depth: 32,
      headCount: 16,
      mlpRatio: 4,
      hiddenSize: 1536,
      patchSize: 14,
      temporalPatchSize: 2,
      spatialMergeSize: 2,
      inChannels: 3,
      hiddenActivation: "quick_gelu",
    },
  });
});

test("a config of transformers 5, with text_config and vision_config", async () => {
  expect(await readQwen2VLConfig(NESTED)).toMatchObject({
    hiddenSize: 32,
    headDimension: 8,
    keyValueHeadCount: 2,
    rmsNormEpsilon: 1e-6,
    ropeTheta: 500_000,
    ropeSections: [1, 1, 2],
    tieWordEmbeddings: true,
    imageTokenId: 5,
    eosTokenId: 0,
    vision: { embedDimension: 16, mlpRatio: 2, patchSize: 8 },
  });
});

test("what is written reads back the same", async () => {
  for (const config of [parse(PUBLISHED), await readQwen2VLConfig(NESTED), { ...parse(PUBLISHED), padTokenId: 7 }]) {
    expect(parse(JSON.parse(JSON.stringify(toHuggingFaceConfig(config))))).toEqual(config);
  }
});

describe("what is wrong is named", () => {
  const { vision_config: vision, ...root } = PUBLISHED;

  test.each([
    ["unknown field", { ...PUBLISHED, num_hiden_layers: 3 }, "num_hiden_layers", /did you mean num_hidden_layers\?/],
    ["unknown vision field", { ...root, vision_config: { ...vision, dept: 3 } }, "vision_config.dept", /did you mean depth\?/],
    ["field like no other", { ...PUBLISHED, quantization_config: {} }, "quantization_config", /known are/],
    ["wrong type", { ...PUBLISHED, hidden_size: "1536" }, "hidden_size", /hidden_size is "1536", expected number/],
    ["missing field", { ...PUBLISHED, vocab_size: undefined }, "vocab_size", /vocab_size is missing, expected number/],
    ["zero layers", { ...PUBLISHED, num_hidden_layers: 0 }, "num_hidden_layers", /is 0, expected number to be >0/],
    ["missing vision", root, "vision_config", /vision_config is missing/],
    ["sliding window", { ...PUBLISHED, use_sliding_window: true }, "use_sliding_window", /is true, expected false/],
    ["rope type", { ...PUBLISHED, rope_scaling: { type: "yarn" } }, "rope_scaling.type", /is "yarn", expected one of "mrope"/],
    ["heads", { ...PUBLISHED, num_attention_heads: 11 }, "hidden_size", /multiple of num_attention_heads \(11\)/],
    ["key-value heads", { ...PUBLISHED, num_key_value_heads: 5 }, "num_key_value_heads", /divisor/],
    [
      "sections",
      { ...PUBLISHED, rope_scaling: { type: "mrope", mrope_section: [1, 2, 3] } },
      "mrope_section",
      /half a head's width \(64\)/,
    ],
    ["widths", { ...PUBLISHED, vision_config: { ...vision, hidden_size: 8 } }, "vision_config.hidden_size", /1536/],
    ["token outside", { ...PUBLISHED, image_token_id: 151936 }, "image_token_id", /below vocab_size/],
    ["token twice", { ...PUBLISHED, video_token_id: 151655 }, "video_token_id", /another id than image_token_id/],
  ])("%s", async (_, value, field, message) => {
    await expectConfigError(() => parse(value), { file: "config.json", field, message });
  });

  test("unknown field inside text_config", async () => {
    const value = { model_type: "qwen2_vl", vision_config: vision, text_config: { vocab_sise: 3 } };
    await expectConfigError(() => parse(value), { message: /text_config\.vocab_sise .*vocab_size\?/ });
  });

  test.each([[{ ...PUBLISHED, model_type: "llama" }], [{}], [null], [[]], ["text"]])("another model_type", async (value) => {
    await expectConfigError(() => parse(value), { message: /model_type is .*expected "qwen2_vl"/ });
  });

  test("files that are not there or not JSON", async () => {
    await expect(readQwen2VLConfig("test/fixtures/none.json")).rejects.toBeInstanceOf(FileError);
    await expect(readQwen2VLConfig("test/fixtures/safetensors/dtypes.safetensors")).rejects.toThrow(/dtypes\.safetensors is not JSON/);
  });
});
