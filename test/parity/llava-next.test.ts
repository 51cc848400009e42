import { describe, expect, test } from "vitest";
import { differentiate, gradientName } from "../../src/engine/autodiff/differentiate.ts";
import { GraphBuilder } from "../../src/engine/graph/graph-builder.ts";
import { imageFeatures } from "../../src/model/backbones/llava-next/image-features.ts";
import { modelInputs } from "../../src/model/multimodal/model-inputs.ts";
import { embeddingGraph, hiddenStatesGraph, type ModelGraphOptions } from "../../src/model/multimodal/model.ts";
import { visionModeOf, type TokenBatch } from "../../src/model/multimodal/token-batch.ts";
import { Parameters } from "../../src/model/nn/parameter-source.ts";
import { SINGLE_PATH, type PathConfig } from "../../src/model/paths/path-config.ts";
import { readReferenceModel, REFERENCE_CASES, REFERENCE_MODELS } from "../fixtures/llava-next/reference-model.ts";
import { relativeError, runGraph } from "../fixtures/qwen2-vl/run-graph.ts";

/** Of the largest value of the tensor; float32 on both sides. Tight enough that a norm's epsilon of 1e-5 for 1e-6 shows. */
const TOLERANCE = 1e-5;
const GRADIENT_TOLERANCE = 3e-5;

/** The tower's scores change by the same for all keys with these biases, so that the softmax does not: what is left is rounding. */
const IS_NOTHING = /^vision_tower\..*\.k_proj\.bias$/;

/** Rows of the real tokens: padding holds whatever came out. */
function realTokens(data: Float32Array, { inputIds, lengths }: TokenBatch): number[] {
  const [rows, tokens] = inputIds.shape as [number, number];
  const width = data.length / (rows * tokens);
  return Array.from(lengths).flatMap((length, row) => Array.from(data.subarray(row * tokens * width, (row * tokens + length) * width)));
}

/** Each input's last token. */
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

describe.each(REFERENCE_MODELS)("the model %s against transformers", async (name) => {
  const model = await readReferenceModel(name);
  const { backbone, config, weights, prefixes } = model;
  const paths: PathConfig = { count: prefixes.count, prefixLength: prefixes.length, topology: { kind: "parallel" }, aggregation: "mean" };

  test.each(REFERENCE_CASES)("final hidden states of %s", async (name) => {
    const batch = model.batch(name);
    const { graph } = hiddenStatesGraph({ backbone, paths: SINGLE_PATH, vision: visionModeOf(batch) });
    const { hidden } = await runGraph<"hidden">(graph, { ...weights, ...modelInputs(backbone, SINGLE_PATH, batch) });
    const expected = model.expected(`expected.${name}.hidden`);
    expect(hidden.shape).toEqual(expected.shape);
    expect(relativeError(realTokens(hidden.data, batch), realTokens(expected.data, batch))).toBeLessThan(TOLERANCE);
  });

  test.each(REFERENCE_CASES)("the embedding of %s is its last token's", async (name) => {
    const batch = model.batch(name);
    const { graph } = embeddingGraph({ backbone, paths: SINGLE_PATH, vision: visionModeOf(batch) });
    const results = await runGraph<"paths">(graph, { ...weights, ...modelInputs(backbone, SINGLE_PATH, batch) });
    const expected = model.expected(`expected.${name}.hidden`);
    expect(relativeError(results.paths.data, lastTokens(expected.data, batch))).toBeLessThan(TOLERANCE);
  });

  test.each(["image", "several", "mixed", "base_only"] as const)("image features of %s", async (name) => {
    const batch = model.batch(name);
    const parameters = new Parameters(new GraphBuilder());
    const features = imageFeatures(parameters, config, { vision: "uniform", inputPrefix: "" });
    const graph = parameters.builder.finish({ features });
    const results = await runGraph<"features">(graph, { ...weights, ...modelInputs(backbone, SINGLE_PATH, batch) });
    const [, width] = results.features.shape as [number, number];
    const rows = Array.from(batch.images?.featureRows ?? []);
    const real = rows.flatMap((row) => Array.from(results.features.data.subarray(row * width, (row + 1) * width)));
    expect(relativeError(real, model.expected(`expected.${name}.image_features`).data)).toBeLessThan(TOLERANCE);
  });

  test.each(["", "_with_lora"])("embeddings of paths whose prefixes are the library's key-value cache%s", async (suffix) => {
    const batch = model.batch("mixed");
    const options = { backbone, paths, vision: visionModeOf(batch), lora: suffix === "" ? undefined : model.lora };
    const { graph } = embeddingGraph(options);
    const { paths: embeddings } = await runGraph<"paths">(graph, { ...weights, ...modelInputs(backbone, paths, batch) });
    const expected = model.expected(`expected.paths.embeddings${suffix}`);
    expect(embeddings.shape).toEqual(expected.shape);
    expect(relativeError(embeddings.data, expected.data)).toBeLessThan(TOLERANCE);
  });

  test("gradients of every weight, adapter and prefix", async () => {
    const batch = model.batch("mixed");
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
