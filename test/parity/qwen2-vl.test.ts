import { describe, expect, test } from "vitest";
import { differentiate, gradientName } from "../../src/engine/autodiff/differentiate.ts";
import { GraphBuilder } from "../../src/engine/graph/graph-builder.ts";
import { matmul } from "../../src/engine/graph/operators.ts";
import { modelInputs } from "../../src/model/multimodal/model-inputs.ts";
import { visionModeOf, type TokenBatch } from "../../src/model/multimodal/token-batch.ts";
import { embeddingGraph, encodeTokens, hiddenStatesGraph, outputTable, type ModelGraphOptions } from "../../src/model/multimodal/model.ts";
import { visionRotaryTables } from "../../src/model/backbones/qwen2-vl/vision-rotary.ts";
import { decoderRotaryTables } from "../../src/model/nn/rotary-tables.ts";
import { imageFeatures } from "../../src/model/backbones/qwen2-vl/image-features.ts";
import { Parameters } from "../../src/model/nn/parameter-source.ts";
import { SINGLE_PATH, type PathConfig } from "../../src/model/paths/path-config.ts";
import { readReferenceModel, REFERENCE_CASES, REFERENCE_MODELS } from "../fixtures/qwen2-vl/reference-model.ts";
import { relativeError, runGraph } from "../fixtures/qwen2-vl/run-graph.ts";

/** Of the largest value of the tensor; float32 on both sides. Tight enough that a norm's epsilon of 1e-5 for 1e-6 shows. */
const TOLERANCE = 1e-5;
const GRADIENT_TOLERANCE = 3e-5;

/** Rows of the real tokens: padding holds whatever came out. */
function realTokens(data: Float32Array, { inputIds, lengths }: TokenBatch): number[] {
  const [rows, tokens] = inputIds.shape as [number, number];
  const width = data.length / (rows * tokens);
  return Array.from(lengths).flatMap((length, row) => Array.from(data.subarray(row * tokens * width, (row * tokens + length) * width)));
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

  test.each(["image", "uniform", "mixed"] as const)("image features of %s", async (name) => {
    const batch = model.batch(name);
    const inputs = modelInputs(backbone, SINGLE_PATH, batch);
    const parameters = new Parameters(new GraphBuilder());
    const graph = parameters.builder.finish({
      features: imageFeatures(parameters, config.vision, { vision: batch.images?.mode ?? "uniform", inputPrefix: "" }),
    });
    const { features } = await runGraph<"features">(graph, { ...weights, ...inputs });
    const [, width] = features.shape as [number, number];
    const real = Array.from(batch.images?.featureRows ?? []).flatMap((row) =>
      Array.from(features.data.subarray(row * width, (row + 1) * width)),
    );
    expect(relativeError(real, model.expected(`expected.${name}.image_features`).data)).toBeLessThan(TOLERANCE);
  });

  test.each(REFERENCE_CASES)("rotary angles of %s", (name) => {
    const { positionIds } = model.batch(name);
    const grids = model.grids(name);
    const [, rows, tokens] = positionIds.shape as [number, number, number];
    const tables = decoderRotaryTables(backbone.decoder.rotary, positionIds.data, [rows, tokens]);
    expect(relativeError(tables.cosines.data, model.expected(`expected.${name}.cosines`).data)).toBeLessThan(1e-5);
    expect(relativeError(tables.sines.data, model.expected(`expected.${name}.sines`).data)).toBeLessThan(1e-5);
    for (const grid of grids.length > 0 ? [grids] : []) {
      const vision = visionRotaryTables(config.vision, grid);
      const sizes = grid.map(({ rows, columns }) => rows * columns);
      const [, longest, half] = vision.cosines.shape as [number, number, number];
      const real = (data: Float32Array): number[] =>
        sizes.flatMap((size, image) => Array.from(data.subarray(image * longest * half, (image * longest + size) * half)));
      expect(relativeError(real(vision.cosines.data), model.expected(`expected.${name}.vision_cosines`).data)).toBeLessThan(1e-5);
      expect(relativeError(real(vision.sines.data), model.expected(`expected.${name}.vision_sines`).data)).toBeLessThan(1e-5);
    }
  });

  test("the library's position ids are those of a batch of text", () => {
    const { positionIds } = model.batch("text");
    expect([...positionIds.data]).toEqual([0, 1, 2].flatMap(() => [0, 1, 2, 3, 4, 5, 6]));
  });

  test("next-token scores through the output layer, tied or not", async () => {
    const parameters = new Parameters(new GraphBuilder());
    const hidden = encodeTokens(parameters, { backbone, paths: SINGLE_PATH, vision: "none" });
    const graph = parameters.builder.finish({ logits: matmul(hidden, outputTable(parameters, backbone), { transposeB: true }) });
    const { logits } = await runGraph<"logits">(graph, { ...weights, ...modelInputs(backbone, SINGLE_PATH, model.batch("text")) });
    expect(relativeError(logits.data, model.expected("expected.text.logits").data)).toBeLessThan(TOLERANCE);
  });

  test.each(["", "_with_lora"])("embeddings of paths whose prefixes are the library's key-value cache%s", async (suffix) => {
    const batch = model.batch("mixed");
    const options = { backbone, paths, vision: visionModeOf(batch), lora: suffix === "" ? undefined : model.lora };
    const { paths: embeddings } = await runGraph<"paths">(embeddingGraph(options).graph, {
      ...weights,
      ...modelInputs(backbone, paths, batch),
    });
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
      const gradient = results[gradientName(weight)];
      return { weight, error: relativeError(gradient?.data ?? [], model.expected(`gradients.${weight}`).data) };
    });
    expect(errors.filter(({ error }) => !(error < GRADIENT_TOLERANCE))).toEqual([]);
  });
});
