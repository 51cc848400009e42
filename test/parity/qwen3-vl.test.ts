import { describe, expect, test } from "vitest";
import { differentiate, gradientName } from "../../src/engine/autodiff/differentiate.ts";
import { GraphBuilder } from "../../src/engine/graph/graph-builder.ts";
import { matmul } from "../../src/engine/graph/operators.ts";
import type { FloatTensor } from "../../src/engine/tensor/tensor.ts";
import { positionTaps } from "../../src/model/backbones/qwen3-vl/position-taps.ts";
import { modelInputs } from "../../src/model/multimodal/model-inputs.ts";
import { embeddingGraph, encodeTokens, hiddenStatesGraph, outputTable, type ModelGraphOptions } from "../../src/model/multimodal/model.ts";
import { visionRotaryTables } from "../../src/model/multimodal/patches/vision-rotary.ts";
import { visionModeOf, type TokenBatch } from "../../src/model/multimodal/token-batch.ts";
import { Parameters } from "../../src/model/nn/parameter-source.ts";
import { decoderRotaryTables } from "../../src/model/nn/rotary-tables.ts";
import { SINGLE_PATH, type PathConfig, type PathTopology } from "../../src/model/paths/path-config.ts";
import { relativeError, runGraph } from "../fixtures/qwen2-vl/run-graph.ts";
import { readReferenceModel, REFERENCE_MODELS } from "../fixtures/qwen3-vl/reference-model.ts";
import { REFERENCE_CASES, type ReferenceCase } from "../support/patch-reference-model.ts";

/** Of the largest value of the tensor; float32 on both sides. */
const TOLERANCE = 1e-5;
const GRADIENT_TOLERANCE = 3e-5;
const WITH_IMAGES = ["image", "uniform", "mixed"] as const;

/** Rows of the real tokens: padding holds whatever came out. */
function realTokens(data: Float32Array, { inputIds, lengths }: TokenBatch): number[] {
  const [rows, tokens] = inputIds.shape as [number, number];
  const width = data.length / (rows * tokens);
  return Array.from(lengths).flatMap((length, row) => Array.from(data.subarray(row * tokens * width, (row * tokens + length) * width)));
}

describe.each(REFERENCE_MODELS)("the model %s against transformers", async (name) => {
  const model = await readReferenceModel(name);
  const { backbone, config, weights, prefixes } = model;
  const { vision } = config;
  const paths: PathConfig = { count: prefixes.count, prefixLength: prefixes.length, topology: { kind: "parallel" }, aggregation: "mean" };

  test.each(REFERENCE_CASES)("final hidden states of %s", async (name) => {
    const batch = model.batch(name);
    const { graph } = hiddenStatesGraph({ backbone, paths: SINGLE_PATH, vision: visionModeOf(batch) });
    const { hidden } = await runGraph<"hidden">(graph, { ...weights, ...modelInputs(backbone, SINGLE_PATH, batch) });
    const expected = model.expected(`expected.${name}.hidden`);
    expect(hidden.shape).toEqual(expected.shape);
    expect(relativeError(realTokens(hidden.data, batch), realTokens(expected.data, batch))).toBeLessThan(TOLERANCE);
  });

  test.each(WITH_IMAGES)("features of the images of %s, those for the first layers too", async (name) => {
    const batch = model.batch(name);
    const parameters = new Parameters(new GraphBuilder());
    const { features, deep = [] } = backbone.encodeImages(parameters, { vision: batch.images?.mode ?? "uniform", inputPrefix: "" });
    const outputs = { image_features: features, ...Object.fromEntries(deep.map((value, at) => [`deep_features.${at}`, value])) };
    const results = await runGraph<string>(parameters.builder.finish(outputs), {
      ...weights,
      ...modelInputs(backbone, SINGLE_PATH, batch),
    });
    expect(deep).toHaveLength(vision.deepstackBlocks.length);
    for (const [output, { data, shape }] of Object.entries(results)) {
      const width = shape[1] as number;
      const real = Array.from(batch.images?.featureRows ?? []).flatMap((row) => Array.from(data.subarray(row * width, (row + 1) * width)));
      expect(relativeError(real, model.expected(`expected.${name}.${output}`).data), output).toBeLessThan(TOLERANCE);
    }
  });

  test.each(WITH_IMAGES)("positions of the patches of %s, mixed of the learned ones", (name) => {
    const grids = model.grids(name);
    const { rows, weights: shares } = positionTaps(vision, grids);
    const table = weights["model.visual.pos_embed.weight"] as FloatTensor;
    const width = vision.embedDimension;
    const mixed = realPatches(grids, 4, (at) => at).map((at) => ({ row: rows.data[at] as number, share: shares.data[at] as number }));
    const actual = Array.from({ length: mixed.length / 4 }, (_, patch) =>
      Array.from({ length: width }, (_, column) =>
        mixed
          .slice(patch * 4, patch * 4 + 4)
          .reduce((sum, { row, share }) => sum + share * (table.data[row * width + column] as number), 0),
      ),
    ).flat();
    expect(relativeError(actual, model.expected(`expected.${name}.position_embeddings`).data)).toBeLessThan(TOLERANCE);
  });

  test.each(REFERENCE_CASES)("rotary angles of %s", (name: ReferenceCase) => {
    const { positionIds } = model.batch(name);
    const grids = model.grids(name);
    const [, rows, tokens] = positionIds.shape as [number, number, number];
    const tables = decoderRotaryTables(backbone.decoder.rotary, positionIds.data, [rows, tokens]);
    expect(relativeError(tables.cosines.data, model.expected(`expected.${name}.cosines`).data)).toBeLessThan(TOLERANCE);
    expect(relativeError(tables.sines.data, model.expected(`expected.${name}.sines`).data)).toBeLessThan(TOLERANCE);
    if (grids.length === 0) return;
    const seen = visionRotaryTables(vision, grids);
    const half = seen.cosines.shape[2] as number;
    const real = (data: Float32Array): number[] => realPatches(grids, half, (at) => data[at] as number);
    expect(relativeError(real(seen.cosines.data), model.expected(`expected.${name}.vision_cosines`).data)).toBeLessThan(TOLERANCE);
    expect(relativeError(real(seen.sines.data), model.expected(`expected.${name}.vision_sines`).data)).toBeLessThan(TOLERANCE);
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
    const inputs = modelInputs(backbone, paths, batch);
    const { paths: embeddings } = await runGraph<"paths">(embeddingGraph(options).graph, { ...weights, ...inputs });
    const expected = model.expected(`expected.paths.embeddings${suffix}`);
    expect(embeddings.shape).toEqual(expected.shape);
    expect(relativeError(embeddings.data, expected.data)).toBeLessThan(TOLERANCE);
  });

  test.each<PathTopology>([{ kind: "parallel" }, { kind: "branchLayer", layer: 1 }])(
    "without prefixes every path is the library's last hidden state: %o",
    async (topology) => {
      const config: PathConfig = { count: 2, prefixLength: 0, topology, aggregation: "mean" };
      const batch = model.batch("mixed");
      const { graph } = embeddingGraph({ backbone, paths: config, vision: visionModeOf(batch) });
      const { paths: embeddings } = await runGraph<"paths">(graph, { ...weights, ...modelInputs(backbone, config, batch) });
      const expected = lastTokens(model.expected("expected.mixed.hidden"), batch).flatMap((token) => [...token, ...token]);
      expect(relativeError(embeddings.data, expected)).toBeLessThan(TOLERANCE);
    },
  );

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

/** What stands at each number of the patches that are no padding, `width` numbers a patch. */
function realPatches<T>(grids: readonly { rows: number; columns: number }[], width: number, pick: (at: number) => T): T[] {
  const sizes = grids.map(({ rows, columns }) => rows * columns);
  const longest = Math.max(...sizes);
  return sizes.flatMap((size, image) => Array.from({ length: size * width }, (_, at) => pick(image * longest * width + at)));
}

/** Each input's last token, of unit length. */
function lastTokens({ shape, data }: FloatTensor, { lengths }: TokenBatch): number[][] {
  const [, tokens, width] = shape as [number, number, number];
  return Array.from(lengths, (length, row) => {
    const token = data.subarray((row * tokens + length - 1) * width, (row * tokens + length) * width);
    return Array.from(token, (value) => value / Math.hypot(...token));
  });
}
