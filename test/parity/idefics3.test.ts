import { describe, expect, test } from "vitest";
import { differentiate, gradientName } from "../../src/engine/autodiff/differentiate.ts";
import { GraphBuilder } from "../../src/engine/graph/graph-builder.ts";
import { matmul } from "../../src/engine/graph/operators.ts";
import { modelInputs } from "../../src/model/multimodal/model-inputs.ts";
import { embeddingGraph, encodeTokens, hiddenStatesGraph, outputTable, type ModelGraphOptions } from "../../src/model/multimodal/model.ts";
import { visionModeOf, type TokenBatch } from "../../src/model/multimodal/token-batch.ts";
import { Parameters } from "../../src/model/nn/parameter-source.ts";
import { SINGLE_PATH, type PathConfig } from "../../src/model/paths/path-config.ts";
import { readReferenceModel, REFERENCE_CASES, REFERENCE_MODELS } from "../fixtures/idefics3/reference-model.ts";
import { relativeError, runGraph } from "../fixtures/qwen2-vl/run-graph.ts";

/** Of the largest value of the tensor; float32 on both sides. Tight enough that a norm's epsilon of 1e-5 for 1e-6 shows. */
const TOLERANCE = 1e-5;
/** Larger than for other backbones: an input's last token hardly depends on a single one of so many tiles, and the tower's gradients are small. */
const GRADIENT_TOLERANCE = 5e-5;

/** The tower's scores change by the same for all keys with these biases, so that the softmax does not: what is left is rounding. */
const IS_NOTHING = /^model\.vision_model\..*\.k_proj\.bias$/;

const WITH_IMAGES = ["image", "several", "mixed"] as const;

/** Rows of the real tokens: padding holds whatever came out. */
function realTokens(data: ArrayLike<number>, { inputIds, lengths }: TokenBatch): number[] {
  const [rows, tokens] = inputIds.shape as [number, number];
  const width = data.length / (rows * tokens);
  const all = Array.from(data);
  return Array.from(lengths).flatMap((length, row) => all.slice(row * tokens * width, (row * tokens + length) * width));
}

/** Each input's last token, of unit length. */
function lastTokens(data: Float32Array, { inputIds, lengths }: TokenBatch): number[] {
  const [rows, tokens] = inputIds.shape as [number, number];
  const width = data.length / (rows * tokens);
  return Array.from(lengths).flatMap((length, row) => {
    const end = (row * tokens + length) * width;
    const vector = Array.from(data.subarray(end - width, end));
    const norm = Math.hypot(...vector);
    return vector.map((value) => value / norm);
  });
}

describe.each(REFERENCE_MODELS)("the model %s against transformers", async (modelName) => {
  const model = await readReferenceModel(modelName);
  const { backbone, weights, prefixes } = model;
  const paths: PathConfig = { count: prefixes.count, prefixLength: prefixes.length, topology: { kind: "parallel" }, aggregation: "mean" };

  test.each(REFERENCE_CASES)("token ids of %s", async (name) => {
    const batch = await model.batch(name);
    const expected = model.stored(`inputs.${name}.input_ids`);
    expect(batch.inputIds.shape).toEqual(expected.shape);
    expect([...batch.lengths]).toEqual([...model.stored(`inputs.${name}.lengths`).data]);
    expect(realTokens(batch.inputIds.data, batch)).toEqual(realTokens(expected.data as Int32Array, batch));
  });

  test.each(REFERENCE_CASES)("final hidden states of %s", async (name) => {
    const batch = await model.batch(name);
    const { graph } = hiddenStatesGraph({ backbone, paths: SINGLE_PATH, vision: visionModeOf(batch) });
    const { hidden } = await runGraph<"hidden">(graph, { ...weights, ...modelInputs(backbone, SINGLE_PATH, batch) });
    const expected = model.expected(`expected.${name}.hidden`);
    expect(hidden.shape).toEqual(expected.shape);
    expect(relativeError(realTokens(hidden.data, batch), realTokens(expected.data, batch))).toBeLessThan(TOLERANCE);
  });

  test.each(REFERENCE_CASES)("the embedding of %s is its last token's", async (name) => {
    const batch = await model.batch(name);
    const { graph } = embeddingGraph({ backbone, paths: SINGLE_PATH, vision: visionModeOf(batch) });
    const results = await runGraph<"paths">(graph, { ...weights, ...modelInputs(backbone, SINGLE_PATH, batch) });
    const expected = model.expected(`expected.${name}.hidden`);
    expect(relativeError(results.paths.data, lastTokens(expected.data, batch))).toBeLessThan(TOLERANCE);
  });

  test.each(WITH_IMAGES)("image features of %s", async (name) => {
    const batch = await model.batch(name);
    const parameters = new Parameters(new GraphBuilder());
    const { features } = backbone.encodeImages(parameters, { vision: "uniform", inputPrefix: "" });
    const results = await runGraph<"features">(parameters.builder.finish({ features }), { ...weights, ...batch.images?.inputs });
    const expected = model.expected(`expected.${name}.image_features`);
    expect(results.features.shape).toEqual(expected.shape);
    expect([...(batch.images?.featureRows ?? [])]).toEqual(Array.from({ length: expected.shape[0] as number }, (_, row) => row));
    expect(relativeError(results.features.data, expected.data)).toBeLessThan(TOLERANCE);
  });

  test("next-token scores through the output layer, tied or not", async () => {
    const parameters = new Parameters(new GraphBuilder());
    const hidden = encodeTokens(parameters, { backbone, paths: SINGLE_PATH, vision: "none" });
    const graph = parameters.builder.finish({ logits: matmul(hidden, outputTable(parameters, backbone), { transposeB: true }) });
    const inputs = modelInputs(backbone, SINGLE_PATH, await model.batch("text"));
    const { logits } = await runGraph<"logits">(graph, { ...weights, ...inputs });
    expect(relativeError(logits.data, model.expected("expected.text.logits").data)).toBeLessThan(TOLERANCE);
  });

  test.each(["", "_with_lora"])("embeddings of paths whose prefixes are the library's key-value cache%s", async (suffix) => {
    const batch = await model.batch("mixed");
    const options = { backbone, paths, vision: visionModeOf(batch), lora: suffix === "" ? undefined : model.lora };
    const { graph } = embeddingGraph(options);
    const { paths: embeddings } = await runGraph<"paths">(graph, { ...weights, ...modelInputs(backbone, paths, batch) });
    const expected = model.expected(`expected.paths.embeddings${suffix}`);
    expect(embeddings.shape).toEqual(expected.shape);
    expect(relativeError(embeddings.data, expected.data)).toBeLessThan(TOLERANCE);
  });

  test("gradients of every weight, adapter and prefix", async () => {
    const batch = await model.batch("mixed");
    const options: ModelGraphOptions = { backbone, paths, vision: visionModeOf(batch), lora: model.lora };
    const { graph, shapes } = embeddingGraph(options);
    expect([...shapes.keys()].sort()).toEqual([...model.differentiated].sort());
    const backward = differentiate(graph, { seeds: { paths: "seed" }, inputs: model.differentiated });
    const seed = model.expected("expected.paths.seed");
    const results = await runGraph<string>(backward, { ...weights, ...modelInputs(backbone, paths, batch), seed });
    const errors = model.differentiated.map((weight) => {
      const gradient = results[gradientName(weight)]?.data ?? [];
      const expected = model.expected(`gradients.${weight}`).data;
      if (!IS_NOTHING.test(weight)) return { weight, error: relativeError(gradient, expected) };
      const scale = Math.max(...model.expected(`gradients.${weight.replace("k_proj", "q_proj")}`).data.map(Math.abs));
      return { weight, error: Math.max(...Array.from(gradient, Math.abs), ...expected.map(Math.abs)) / scale };
    });
    expect(errors.filter(({ error }) => !(error < GRADIENT_TOLERANCE))).toEqual([]);
  });
});
