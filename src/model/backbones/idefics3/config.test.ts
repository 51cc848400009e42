import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { expectConfigError } from "../../../../test/support/expect-config-error.ts";
import { PUBLISHED } from "../../../../test/fixtures/idefics3/published-configs.ts";
import { parseIdefics3Config, toHuggingFaceConfig } from "./config.ts";

const parse = (value: unknown) => parseIdefics3Config(value, { file: "config.json" });

test("the published config of SmolVLM2-500M, which leaves to the library's defaults what equals them", () => {
  expect(parse(PUBLISHED["smolvlm-500m"])).toEqual({
    modelType: "smolvlm",
    decoder: {
      vocabSize: 49_280,
      hiddenSize: 960,
      intermediateSize: 2560,
      layerCount: 32,
      headCount: 15,
      keyValueHeadCount: 5,
      headDimension: 64,
      rmsNormEpsilon: 1e-5,
      attentionBias: false,
      queryKeyNorm: false,
      tieWordEmbeddings: false,
      rotary: { theta: 100_000, pairAxes: Array.from({ length: 32 }, () => 0) },
      names: {
        tokens: "model.text_model.embed_tokens",
        layers: "model.text_model.layers",
        norm: "model.text_model.norm",
        head: "lm_head",
      },
    },
    imageTokenId: 49_190,
    scaleFactor: 4,
    padTokenId: 2,
    maxPositions: 8192,
    initializerRange: 0.02,
    vision: {
      width: 768,
      innerWidth: 3072,
      depth: 12,
      headCount: 12,
      epsilon: 1e-6,
      activation: "gelu_pytorch_tanh",
      imageSize: 512,
      patchSize: 16,
      channels: 3,
    },
  });
});

test("the published configs of SmolVLM 256M and 2.2B, of type idefics3", () => {
  expect(parse(PUBLISHED["smolvlm-256m"])).toMatchObject({
    modelType: "idefics3",
    scaleFactor: 4,
    decoder: { hiddenSize: 576, headCount: 9 },
  });
  expect(parse(PUBLISHED["smolvlm-2.2b"])).toMatchObject({
    modelType: "idefics3",
    scaleFactor: 3,
    maxPositions: 16_384,
    decoder: { rotary: { theta: 273_768 }, keyValueHeadCount: 32 },
    vision: { width: 1152, depth: 27, imageSize: 384, patchSize: 14 },
  });
});

test.each(["small", "odd"])("the config of transformers 5 of the model %s", async (name) => {
  const config = parse(JSON.parse(await readFile(`test/fixtures/idefics3/${name}/config.json`, "utf8")));
  const [theta, modelType] = name === "small" ? [1e5, "idefics3"] : [100, "smolvlm"];
  expect(config).toMatchObject({ modelType, decoder: { headDimension: 8, rotary: { theta } } });
});

test("the padding that the root names counts if the vocabulary has it", () => {
  const { text_config: text, ...root } = PUBLISHED["smolvlm-500m"];
  const { pad_token_id: _pad, ...rest } = text;
  expect(parse({ ...root, text_config: rest }).padTokenId).toBeUndefined();
  expect(parse({ ...root, pad_token_id: 7, text_config: rest }).padTokenId).toBe(7);
});

test("what is written reads back the same", async () => {
  const odd: unknown = JSON.parse(await readFile("test/fixtures/idefics3/odd/config.json", "utf8"));
  for (const config of [...Object.values(PUBLISHED), odd].map(parse)) {
    expect(parse(JSON.parse(JSON.stringify(toHuggingFaceConfig(config))))).toEqual(config);
  }
});

describe("what is wrong is named", () => {
  const { text_config: text, vision_config: vision, ...root } = PUBLISHED["smolvlm-500m"];
  const withText = (changes: object): object => ({ ...root, vision_config: vision, text_config: { ...text, ...changes } });
  const withVision = (changes: object): object => ({ ...root, text_config: text, vision_config: { ...vision, ...changes } });

  test.each([
    ["unknown field", { ...PUBLISHED["smolvlm-500m"], scale_facto: 3 }, "scale_facto", /did you mean scale_factor\?/],
    ["unknown text field", withText({ hiden_size: 3 }), "text_config.hiden_size", /did you mean hidden_size\?/],
    ["unknown vision field", withVision({ pach_size: 3 }), "vision_config.pach_size", /did you mean patch_size\?/],
    ["quantised weights", { ...PUBLISHED["smolvlm-500m"], quantization_config: {} }, "quantization_config", /known are/],
    ["wrong type", withText({ hidden_size: "960" }), "text_config.hidden_size", /is "960", expected number/],
    ["another decoder", withText({ model_type: "qwen2" }), "text_config.model_type", /is "qwen2", expected "llama"/],
    ["biases", withText({ attention_bias: true }), "text_config.attention_bias", /is true, expected false/],
    ["norms of queries", withText({ qk_layer_norms: true }), "text_config.qk_layer_norms", /is true, expected false/],
    ["a resampler", withText({ use_resampler: true }), "text_config.use_resampler", /is true, expected false/],
    [
      "rope scaling",
      withText({ rope_scaling: { rope_type: "yarn" } }),
      "text_config.rope_scaling.rope_type",
      /is "yarn", expected "default"/,
    ],
    ["rope parameters", withText({ rope_parameters: { rope_type: "linear" } }), "text_config.rope_parameters.rope_type", /is "linear"/],
    ["missing text", { ...root, vision_config: vision }, "text_config", /text_config is missing/],
    ["missing vision", { ...root, text_config: text }, "vision_config", /vision_config is missing/],
    ["heads", withText({ num_attention_heads: 7 }), "text_config.hidden_size", /multiple of num_attention_heads \(7\)/],
    ["key-value heads", withText({ num_key_value_heads: 4 }), "text_config.num_key_value_heads", /divisor of num_attention_heads \(15\)/],
    ["odd heads", withText({ head_dim: 63 }), "text_config.head_dim", /an even number/],
    ["vision heads", withVision({ num_attention_heads: 5 }), "vision_config.hidden_size", /multiple of num_attention_heads \(5\)/],
    ["sizes on two sides", withVision({ image_size: [512, 256] }), "vision_config.image_size", /expected number/],
    ["patches", withVision({ patch_size: 600 }), "vision_config.image_size", /at least patch_size \(600\)/],
    ["channels", withVision({ num_channels: 1 }), "vision_config.num_channels", /is 1, expected 3/],
    ["token outside", { ...PUBLISHED["smolvlm-500m"], image_token_id: 49_280 }, "image_token_id", /below vocab_size \(49280\)/],
    ["another model_type", { ...PUBLISHED["smolvlm-500m"], model_type: "idefics2" }, "model_type", /is "idefics2"/],
  ])("%s", async (_, value, field, message) => {
    await expectConfigError(() => parse(value), { file: "config.json", field, message });
  });
});
