import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { loadModel } from "../../src/embed/load-model.ts";
import { differentiate, gradientName } from "../../src/engine/autodiff/differentiate.ts";
import { expectFloat, type FloatTensor, type Tensor } from "../../src/engine/tensor/tensor.ts";
import { present } from "../../src/errors/families.ts";
import { readJsonFile } from "../../src/files/json-file.ts";
import { adapterNames, resolveLora } from "../../src/model/folder/adapter-layers.ts";
import { parseAdapterConfig, toAdapterJson } from "../../src/model/folder/adapter-config.ts";
import { adapterTensorName, nameOfAdapterTensor } from "../../src/model/folder/checkpoint-names.ts";
import { adaptedModel, openModelFolder } from "../../src/model/folder/open-model-folder.ts";
import { saveModelFolder } from "../../src/model/folder/save-model-folder.ts";
import { openSafetensors, writeSafetensors } from "../../src/model/formats/safetensors.ts";
import { modelInputs } from "../../src/model/multimodal/model-inputs.ts";
import { embeddingGraph, hiddenStatesGraph, type ModelGraphOptions } from "../../src/model/multimodal/model.ts";
import { visionModeOf } from "../../src/model/multimodal/token-batch.ts";
import { readMerged } from "../../src/model/nn/merge-lora.ts";
import { loraWeightNames } from "../../src/model/nn/lora-layers.ts";
import type { LoraConfig } from "../../src/model/nn/parameter-source.ts";
import { SINGLE_PATH } from "../../src/model/paths/path-config.ts";
import { picture } from "../fixtures/llava-next/picture.ts";
import { readReferenceModel } from "../fixtures/qwen2-vl/reference-model.ts";
import { relativeError, runGraph } from "../fixtures/qwen2-vl/run-graph.ts";
import { TINY_BACKBONE } from "../fixtures/qwen2-vl/tiny-model.ts";
import { readTensors } from "../support/read-tensors.ts";
import { realTokens } from "../support/reference/real-tokens.ts";
import { thrownBy } from "../support/thrown-by.ts";
import { TINY_LORA, tinyModel } from "../support/tiny-model.ts";

/** Of a tensor's largest value. */
const TOLERANCE = 1e-5;
const GRADIENT_TOLERANCE = 3e-5;

const LAYOUT = TINY_BACKBONE.checkpoint;

/** Written by PEFT: tools/reference/make_peft_fixtures.py, and the first by make_format_fixtures.py. */
const FIXTURES = "test/fixtures/peft";
const DECODER_ONLY = "test/fixtures/safetensors/adapter";

describe.each(["patterns", "dora", "all-linear", "some-layers"])("PEFT's adapter %s", (name) => {
  const folder = `${FIXTURES}/${name}`;
  const file = `${folder}/adapter_config.json`;
  let model: Awaited<ReturnType<typeof readReferenceModel>>;
  let adapter: Record<string, Tensor>;
  let expected: Record<string, Tensor>;
  let lora: LoraConfig;
  let weights: Record<string, Tensor>;
  let options: ModelGraphOptions;
  let inputs: Record<string, Tensor>;

  beforeAll(async () => {
    model = await readReferenceModel("small");
    adapter = await readTensors(`${folder}/adapter_model.safetensors`);
    expected = await readTensors(`${folder}/expected.safetensors`);
    const config = parseAdapterConfig(await readJsonFile(file), { file });
    lora = resolveLora(config, Object.keys(adapter), adaptedModel(model.backbone));
    const plain = Object.entries(model.weights).filter(([weight]) => !weight.includes(".lora_"));
    const factors = Object.entries(adapter).map(([stored, tensor]) => [nameOfAdapterTensor(model.backbone.checkpoint, stored), tensor]);
    weights = Object.fromEntries([...plain, ...factors]) as Record<string, Tensor>;
    const batch = model.batch("mixed");
    options = { backbone: model.backbone, paths: SINGLE_PATH, vision: visionModeOf(batch), lora };
    inputs = modelInputs(model.backbone, SINGLE_PATH, batch);
  });
  const numbers = (key: string): Float32Array => expectFloat(present(expected[key], key)).data;

  test("unmerged: final hidden states and embeddings", async () => {
    const { hidden } = await runGraph<"hidden">(hiddenStatesGraph(options).graph, { ...weights, ...inputs });
    const ofTokens = (data: Float32Array): number[] => realTokens(data, model.batch("mixed"));
    expect(relativeError(ofTokens(hidden.data), ofTokens(numbers("hidden")))).toBeLessThan(TOLERANCE);
    const { aggregate } = await runGraph<"aggregate">(embeddingGraph(options).graph, { ...weights, ...inputs });
    expect(relativeError(aggregate.data, numbers("embeddings"))).toBeLessThan(TOLERANCE);
  });

  test("unmerged: the gradient of every weight of the adapter", async () => {
    const { graph, shapes } = embeddingGraph(options);
    const trained = Object.keys(adapter).map((stored) => nameOfAdapterTensor(model.backbone.checkpoint, stored));
    expect([...shapes.keys()].filter((weight) => weight.includes(".lora_")).sort()).toEqual(trained.toSorted());
    const backward = differentiate(graph, { seeds: { aggregate: "seed" }, inputs: trained });
    const results = await runGraph<string>(backward, { ...weights, ...inputs, seed: present(expected["seed"], "seed") });
    const errors = Object.keys(adapter).map((stored) => {
      const gradient = results[gradientName(nameOfAdapterTensor(model.backbone.checkpoint, stored))];
      return { stored, error: relativeError(gradient?.data ?? [], numbers(`gradients.${stored}`)) };
    });
    expect(errors.filter(({ error }) => !(error < GRADIENT_TOLERANCE))).toEqual([]);
  });

  test("merged: each weight, and the embeddings", async () => {
    const read = (weight: string): Promise<FloatTensor> => Promise.resolve(expectFloat(present(weights[weight], weight)));
    const names = Object.keys(expected).flatMap((key) => (key.startsWith("merged.") ? [key.slice("merged.".length)] : []));
    const merged = await Promise.all(names.map(async (weight) => [weight, await readMerged(weight, lora, read)] as const));
    for (const [weight, { data }] of merged) expect(relativeError(data, numbers(`merged.${weight}`)), weight).toBeLessThan(TOLERANCE);
    const { graph } = embeddingGraph({ ...options, lora: undefined });
    const { aggregate } = await runGraph<"aggregate">(graph, { ...weights, ...Object.fromEntries(merged), ...inputs });
    expect(relativeError(aggregate.data, numbers("embeddings"))).toBeLessThan(2 * TOLERANCE);
  });

  test("written down for PEFT and read again, it is the same adapter", () => {
    const { checkpoint } = model.backbone;
    const names = adapterNames(model.backbone, embeddingGraph(options).shapes.keys());
    const again = parseAdapterConfig(toAdapterJson(lora, names), { file });
    const tensors = Object.keys(adapter).map((stored) => adapterTensorName(checkpoint, nameOfAdapterTensor(checkpoint, stored)));
    const sorted = (own: LoraConfig): LoraConfig => ({ ...own, targetModules: own.targetModules.toSorted() });
    expect(sorted(resolveLora(again, tensors, adaptedModel(model.backbone)))).toEqual(sorted(lora));
  });
});

describe("an adapter's file", () => {
  test("of a decoder alone: configuration, names, shapes", async () => {
    const file = `${DECODER_ONLY}/adapter_config.json`;
    await using weights = await openSafetensors(`${DECODER_ONLY}/adapter_model.safetensors`);
    const config = parseAdapterConfig(await readJsonFile(file), { file });
    const lora = resolveLora(config, weights.names, adaptedModel(TINY_BACKBONE));
    expect({ ...lora, targetModules: lora.targetModules.toSorted() }).toEqual({
      rank: 4,
      alpha: 8,
      targetModules: ["q_proj", "v_proj"],
      rankStabilized: true,
    });
    expect(config.base).toBeUndefined();
    const shapes = Object.fromEntries(weights.names.map((name) => [nameOfAdapterTensor(LAYOUT, name), weights.info(name).shape]));
    expect(shapes).toMatchObject({
      "model.layers.0.self_attn.q_proj.lora_A.weight": [4, 16],
      "model.layers.1.self_attn.v_proj.lora_B.weight": [8, 4],
    });
    expect(Object.keys(shapes)).toHaveLength(8);
  });

  test("names go to PEFT and back, of decoder and vision tower", () => {
    const names = [
      "model.layers.0.self_attn.q_proj.lora_A.weight",
      "visual.blocks.0.attn.qkv.lora_B.weight",
      "model.layers.1.mlp.up_proj.lora_magnitude_vector",
    ];
    expect(names.map((name) => adapterTensorName(LAYOUT, name))).toEqual([
      "base_model.model.model.language_model.layers.0.self_attn.q_proj.lora_A.weight",
      "base_model.model.model.visual.blocks.0.attn.qkv.lora_B.weight",
      "base_model.model.model.language_model.layers.1.mlp.up_proj.lora_magnitude_vector",
    ]);
    expect(names.map((name) => adapterTensorName(LAYOUT, name)).map((name) => nameOfAdapterTensor(LAYOUT, name))).toEqual(names);
  });
});

describe("what an adapter adapts", () => {
  const LINEAR = ["model.layers.0.self_attn.q_proj", "model.layers.1.self_attn.q_proj", "visual.blocks.0.attn.q_proj"];
  const model = {
    checkpoint: LAYOUT,
    visionPrefixes: ["visual."],
    weights: LINEAR.map((layer) => `${layer}.weight`),
    linear: new Set(LINEAR.map((layer) => `${layer}.weight`)),
  };
  const config = (fields: object): ReturnType<typeof parseAdapterConfig> =>
    parseAdapterConfig({ peft_type: "LORA", r: 2, lora_alpha: 4, target_modules: ["q_proj"], ...fields }, { file: "adapter_config.json" });
  const tensors = (...layers: string[]): string[] =>
    layers.flatMap((layer) => [`base_model.model.${layer}.lora_A.weight`, `base_model.model.${layer}.lora_B.weight`]);
  const [first, second, seeing] = LINEAR as [string, string, string];
  const layersOf = ({ layers }: LoraConfig): string[] => Object.keys(layers ?? {});

  test("a decoder by itself, though the list's names fit the vision tower too", () => {
    expect(layersOf(resolveLora(config({}), tensors(first, second), model))).toEqual([first, second]);
    expect(resolveLora(config({}), tensors(first, second, seeing), model)).toMatchObject({ targetModules: ["q_proj"] });
  });

  test("a layer that the list means and the file lacks is asked for", () => {
    expect(layersOf(resolveLora(config({}), tensors(first), model))).toEqual([first, second]);
    expect(layersOf(resolveLora(config({ exclude_modules: ["layers.1.self_attn.q_proj"] }), tensors(first), model))).toEqual([first]);
    expect(layersOf(resolveLora(config({ layers_to_transform: [0] }), tensors(first), model))).toEqual([first]);
  });

  test("expressions fit the names of old and new versions, and those of Python's own kind are left alone", () => {
    const decoder = tensors(first, second);
    for (const target_modules of [String.raw`model\.layers\.\d+\..*q_proj`, ".*language_model.*", "(?P<x>.*)q_proj", "all-linear"]) {
      expect(layersOf(resolveLora(config({ target_modules }), decoder, model)), target_modules).toEqual([first, second]);
    }
  });

  test.each([
    ["target_modules", { target_modules: ["k_proj"] }, tensors(first)],
    ["target_modules", { target_modules: String.raw`visual\..*` }, tensors(first)],
    ["target_modules", {}, ["base_model.model.model.embed_tokens.lora_embedding_A"]],
    ["exclude_modules", { exclude_modules: ".*layers.0.*" }, tensors(first, second)],
  ])("a configuration that does not belong to the file: %s %j", async (field, fields, names) => {
    const error = await thrownBy(() => resolveLora(config(fields), names, model));
    expect(error).toMatchObject({ code: "config", details: { field, file: "adapter_config.json" } });
  });
});

describe.each([
  [
    "llava-next/small",
    [
      ["model.language_model.", "language_model.model."],
      ["model.vision_tower.", "vision_tower.vision_model."],
    ],
  ],
  ["idefics3/small", []],
  ["idefics3/odd", []],
] as const)("PEFT's adapter of %s in a folder of its own", (name, older) => {
  const base = resolve("test/fixtures", name);

  test.each(["as transformers 5 names its layers", "as older versions do"])(
    "%s, embeds alike merged and beside the weights",
    async (names) => {
      const folder = await mkdtemp(join(tmpdir(), "polyvec-adapter-"));
      const settings = (await readJsonFile(join(base, "adapter/adapter_config.json"))) as object;
      await writeFile(join(folder, "adapter_config.json"), JSON.stringify({ ...settings, base_model_name_or_path: base }));
      const renamed = names.startsWith("as older") ? older : [];
      const rename = (stored: string): string => renamed.reduce((text, [from, to]) => text.replace(from, to), stored);
      const tensors = Object.entries(await readTensors(join(base, "adapter/adapter_model.safetensors")));
      await writeSafetensors(
        join(folder, "adapter_model.safetensors"),
        new Map(tensors.map(([stored, tensor]) => [rename(stored), tensor])),
      );
      const inputs = [{ text: "a red apple" }, { image: picture(30, 20, 0), text: "what is in the image?" }];
      const embed = async (path: string, mergeAdapter: boolean): Promise<number[]> => {
        await using model = await loadModel(path, { threads: 1, mergeAdapter });
        return (await model.embed(inputs)).flatMap(({ aggregate }) => [...aggregate]);
      };
      const merged = await embed(folder, true);
      expect(relativeError(await embed(folder, false), merged)).toBeLessThan(TOLERANCE);
      expect(relativeError(await embed(base, true), merged)).toBeGreaterThan(1e-2);
      await rm(folder, { recursive: true });
    },
  );
});

test("an adapter of VLM2Vec's kind: names of older versions, the decoder alone, the base in another folder", async () => {
  const root = await mkdtemp(join(tmpdir(), "polyvec-adapter-"));
  const contents = tinyModel({ paths: SINGLE_PATH });
  await saveModelFolder(join(root, "base"), contents);
  const { weights, lora } = tinyModel({ paths: SINGLE_PATH, lora: TINY_LORA, seed: 2 });
  const factors = [...weights].filter(([name]) => name.includes(".lora_"));
  const old = factors.map(([name, tensor]) => [`base_model.model.${name}`, tensor] as const); // base_model.model.model.layers.0...
  const folder = join(root, "adapter");
  await saveModelFolder(folder, contents);
  for (const name of ["model.safetensors", "polyvec.json", "config.json"]) await rm(join(folder, name));
  await writeSafetensors(join(folder, "adapter_model.safetensors"), new Map(old), { dtype: "bfloat16" });
  const settings = { r: lora?.rank, lora_alpha: lora?.alpha, target_modules: ["q_proj", "v_proj", "qkv_proj"], use_dora: false };
  const config = {
    peft_type: "LORA",
    base_model_name_or_path: "../base",
    bias: "none",
    fan_in_fan_out: false,
    modules_to_save: null,
    ...settings,
  };
  await writeFile(join(folder, "adapter_config.json"), JSON.stringify(config));
  await using model = await openModelFolder(folder);
  expect(model.basePath).toBe(join(root, "base"));
  expect(model.lora).toMatchObject({ rank: TINY_LORA.rank, alpha: TINY_LORA.alpha, targetModules: ["q_proj", "v_proj"] });
  const { down } = loraWeightNames("model.layers.0.self_attn.q_proj");
  expect(relativeError((await model.weights.read(down)).data, weights.get(down)?.data ?? [])).toBeLessThan(2 ** -8);
  await rm(root, { recursive: true });
});
