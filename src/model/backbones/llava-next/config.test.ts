import { describe, expect, test } from "vitest";
import { PINPOINTS } from "../../../../test/fixtures/llava-next/published-configs.ts";
import { expectConfigError } from "../../../../test/support/expect-config-error.ts";
import { readJsonFile } from "../../../files/json-file.ts";
import { LLAVA_NEXT_PINPOINTS, parseLlavaNextConfig, toHuggingFaceConfig, towerDepth } from "./config.ts";

/** What all published checkpoints have. */
const SHARED = {
  architectures: ["LlavaNextForConditionalGeneration"],
  ignore_index: -100,
  image_grid_pinpoints: PINPOINTS,
  image_token_index: 32000,
  model_type: "llava_next",
  projector_hidden_act: "gelu",
  torch_dtype: "float16",
  transformers_version: "4.39.0.dev0",
  use_image_newline_parameter: true,
  vision_config: {
    hidden_size: 1024,
    image_size: 336,
    intermediate_size: 4096,
    model_type: "clip_vision_model",
    num_attention_heads: 16,
    num_hidden_layers: 24,
    patch_size: 14,
    projection_dim: 768,
    vocab_size: 32000,
  },
  vision_feature_layer: -2,
  vision_feature_select_strategy: "default",
  vocab_size: 32064,
};

const MISTRAL = {
  _name_or_path: "mistralai/Mistral-7B-Instruct-v0.2",
  architectures: ["MistralForCausalLM"],
  intermediate_size: 14336,
  max_position_embeddings: 32768,
  model_type: "mistral",
  num_key_value_heads: 8,
  rms_norm_eps: 1e-5,
  rope_theta: 1e6,
  sliding_window: null,
  torch_dtype: "bfloat16",
  vocab_size: 32064,
};

/** As published with llava-v1.6-mistral-7b-hf. */
const PUBLISHED = { ...SHARED, text_config: MISTRAL };

/** The decoder of llava-v1.6-vicuna-7b-hf. */
const VICUNA_7B = {
  _name_or_path: "lmsys/vicuna-7b-v1.5",
  architectures: ["LlamaForCausalLM"],
  max_position_embeddings: 4096,
  model_type: "llama",
  pad_token_id: 0,
  rms_norm_eps: 1e-5,
  torch_dtype: "float16",
  vocab_size: 32064,
};

/** The decoder of llava-v1.6-vicuna-13b-hf. */
const VICUNA_13B = {
  ...VICUNA_7B,
  _name_or_path: "lmsys/vicuna-13b-v1.5",
  hidden_size: 5120,
  intermediate_size: 13824,
  max_length: 4096,
  num_attention_heads: 40,
  num_hidden_layers: 40,
  num_key_value_heads: 40,
};

const parse = (value: unknown) => parseLlavaNextConfig(value, { file: "config.json" });

test("the published config of LLaVA-1.6 with Mistral-7B", () => {
  const { decoder, ...others } = parse(PUBLISHED);
  expect(decoder).toEqual({
    vocabSize: 32064,
    hiddenSize: 4096,
    intermediateSize: 14336,
    layerCount: 32,
    headCount: 32,
    keyValueHeadCount: 8,
    headDimension: 128,
    rmsNormEpsilon: 1e-5,
    attentionBias: false,
    queryKeyNorm: false,
    tieWordEmbeddings: false,
    rotary: { theta: 1e6, pairAxes: Array.from({ length: 64 }, () => 0) },
    names: {
      tokens: "language_model.model.embed_tokens",
      layers: "language_model.model.layers",
      norm: "language_model.model.norm",
      head: "language_model.lm_head",
    },
  });
  expect(others).toEqual({
    decoderType: "mistral",
    imageTokenId: 32000,
    bosTokenId: 1,
    eosTokenId: 2,
    maxPositions: 32768,
    initializerRange: 0.02,
    gridPinpoints: LLAVA_NEXT_PINPOINTS,
    featureLayer: -2,
    projectorActivation: "gelu",
    projectorBias: true,
    vision: {
      width: 1024,
      innerWidth: 4096,
      depth: 24,
      headCount: 16,
      imageSize: 336,
      patchSize: 14,
      epsilon: 1e-5,
      activation: "quick_gelu",
    },
  });
});

test.each([
  ["7B", VICUNA_7B, { hiddenSize: 4096, intermediateSize: 11008, layerCount: 32, headCount: 32, keyValueHeadCount: 32 }],
  ["13B", VICUNA_13B, { hiddenSize: 5120, intermediateSize: 13824, layerCount: 40, headCount: 40, keyValueHeadCount: 40 }],
] as const)("the published decoder Vicuna-%s", (_, text, sizes) => {
  const { decoder, decoderType, padTokenId, maxPositions } = parse({ ...SHARED, text_config: text });
  expect(decoder).toMatchObject({ ...sizes, headDimension: 128, rotary: { theta: 10_000 } });
  expect({ decoderType, padTokenId, maxPositions }).toEqual({ decoderType: "llama", padTokenId: 0, maxPositions: 4096 });
});

test.each(["small", "odd"] as const)("the config of transformers 5 of the tiny model %s", async (name) => {
  const file = `test/fixtures/llava-next/${name}/config.json`;
  const { decoder, vision, ...others } = parseLlavaNextConfig(await readJsonFile(file), { file });
  const isSmall = name === "small";
  expect(decoder).toMatchObject({ headDimension: 8, rotary: { theta: isSmall ? 1e6 : 100 }, tieWordEmbeddings: !isSmall });
  expect(vision).toMatchObject({ epsilon: isSmall ? 1e-5 : 1e-3, activation: isSmall ? "quick_gelu" : "gelu" });
  expect(others).toMatchObject({ featureLayer: isSmall ? -2 : -1, projectorBias: isSmall });
});

test("what is written reads back the same", async () => {
  const tiny = await readJsonFile("test/fixtures/llava-next/odd/config.json");
  const published = [PUBLISHED, { ...SHARED, text_config: VICUNA_13B }, { ...PUBLISHED, image_grid_pinpoints: [] }];
  for (const value of [...published, tiny]) {
    const config = parse(value);
    expect(parse(JSON.parse(JSON.stringify(toHuggingFaceConfig(config))))).toEqual(config);
  }
});

test("the blocks of the tower that are run", () => {
  const depth = (featureLayer: number) => towerDepth({ ...parse(PUBLISHED), featureLayer });
  expect([-2, -1, 0, 3, 24, -25].map(depth)).toEqual([23, 24, 0, 3, 24, 0]);
});

describe("what is wrong is named", () => {
  const text = (changes: object) => ({ ...PUBLISHED, text_config: { ...MISTRAL, ...changes } });
  const vision = (changes: object) => ({ ...PUBLISHED, vision_config: { ...SHARED.vision_config, ...changes } });
  test.each([
    ["unknown field", { ...PUBLISHED, vision_feature_layr: -2 }, "vision_feature_layr", /did you mean vision_feature_layer\?/],
    ["unknown text field", text({ rope_tetha: 1 }), "text_config.rope_tetha", /did you mean rope_theta\?/],
    ["unknown vision field", vision({ pach_size: 14 }), "vision_config.pach_size", /did you mean patch_size\?/],
    ["field like no other", { ...PUBLISHED, quantization_config: {} }, "quantization_config", /known are/],
    ["missing decoder", SHARED, "text_config", /text_config is missing/],
    ["wrong type", text({ hidden_size: "4096" }), "text_config.hidden_size", /is "4096", expected number/],
    ["another decoder", text({ model_type: "qwen2" }), "text_config.model_type", /is "qwen2", expected one of "llama"\|"mistral"/],
    ["another tower", vision({ model_type: "siglip_vision_model" }), "vision_config.model_type", /expected "clip_vision_model"/],
    ["scaled rope", text({ rope_scaling: { type: "linear", factor: 2 } }), "text_config.rope_scaling", /expected null/],
    ["rope type", text({ rope_parameters: { rope_type: "yarn" } }), "text_config.rope_parameters.rope_type", /is "yarn", expected "default"/],
    ["attention bias", text({ attention_bias: true }), "text_config.attention_bias", /expected false/],
    ["several feature layers", { ...PUBLISHED, vision_feature_layer: [-2, -5] }, "vision_feature_layer", /is \[-2,-5\], expected number/],
    ["class token kept", { ...PUBLISHED, vision_feature_select_strategy: "full" }, "vision_feature_select_strategy", /expected "default"/],
    ["layer that is not there", { ...PUBLISHED, vision_feature_layer: 25 }, "vision_feature_layer", /a layer from -25 to 24/],
    ["heads", text({ num_attention_heads: 31 }), "text_config.hidden_size", /multiple of num_attention_heads \(31\)/],
    ["odd heads", text({ head_dim: 7 }), "text_config.head_dim", /an even number/],
    ["key-value heads", text({ num_key_value_heads: 5 }), "text_config.num_key_value_heads", /divisor/],
    ["tower's heads", vision({ num_attention_heads: 15 }), "vision_config.hidden_size", /multiple of num_attention_heads \(15\)/],
    ["patches", vision({ patch_size: 16, image_size: 330 }), "vision_config.image_size", /multiple of patch_size \(16\)/],
    ["pinpoints", { ...PUBLISHED, image_grid_pinpoints: [[336, 600]] }, "image_grid_pinpoints", /is \[336,600\], expected sizes of whole tiles of 336/],
    ["image token outside", { ...PUBLISHED, image_token_index: 32064 }, "image_token_index", /below vocab_size/],
    ["two image tokens", { ...PUBLISHED, image_token_id: 7 }, "image_token_id", /is 7, expected image_token_index \(32000\)/],
    ["another model", { ...PUBLISHED, model_type: "llava" }, "model_type", /is "llava", expected "llava_next"/],
  ])("%s", async (_, value, field, message) => {
    await expectConfigError(() => parse(value), { file: "config.json", field, message });
  }); // prettier-ignore
});

test("prompts are no longer than a sliding window, within which attention is over all tokens", () => {
  const { sliding_window: _, ...withoutWindow } = MISTRAL;
  const longest = (changes: object): number => parse({ ...PUBLISHED, text_config: { ...withoutWindow, ...changes } }).maxPositions;
  expect(longest({ sliding_window: null })).toBe(32768);
  expect(longest({ sliding_window: 32768 })).toBe(32768);
  expect(longest({ sliding_window: 512 })).toBe(512);
  expect(longest({})).toBe(4096); // Mistral's, if nothing is said
  expect(parse({ ...SHARED, text_config: VICUNA_7B }).maxPositions).toBe(4096);
  const config = parse({ ...PUBLISHED, text_config: { ...MISTRAL, sliding_window: 512 } });
  expect(parse(JSON.parse(JSON.stringify(toHuggingFaceConfig(config))))).toEqual(config);
});
