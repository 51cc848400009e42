import { expect, test } from "vitest";
import { differentiate, gradientName } from "../../../src/engine/autodiff/differentiate.ts";
import { GraphBuilder, type Graph } from "../../../src/engine/graph/graph-builder.ts";
import { matmul } from "../../../src/engine/graph/operators.ts";
import type { FloatTensor } from "../../../src/engine/tensor/tensor.ts";
import { modelInputs } from "../../../src/model/multimodal/model-inputs.ts";
import { embeddingGraph, encodeTokens, hiddenStatesGraph, outputTable } from "../../../src/model/multimodal/model.ts";
import { visionModeOf, type TokenBatch } from "../../../src/model/multimodal/token-batch.ts";
import { Parameters } from "../../../src/model/nn/parameter-source.ts";
import { SINGLE_PATH, type PathConfig, type PathTopology } from "../../../src/model/paths/path-config.ts";
import { relativeError, runGraph } from "../../fixtures/qwen2-vl/run-graph.ts";
import { lastTokens, realTokens } from "./real-tokens.ts";
import type { ReferenceModel } from "./reference-model.ts";

/** Of the largest value of the tensor; float32 on both sides. Tight enough that a norm's epsilon of 1e-5 for 1e-6 shows. */
export const TOLERANCE = 1e-5;

/** What a model was run on, and how exactly it is met. */
export interface ParityOptions<Case extends string> {
  readonly cases: readonly Case[];
  /** The cases with images. */
  readonly imageCases: readonly Case[];
  readonly gradientTolerance?: number;
  /** Names of biases of keys that change the scores by the same for all keys, so that the softmax does not: their gradients are rounding. */
  readonly isNothing?: RegExp;
}

type Reference<Case extends string> = ReferenceModel<Case | "text" | "mixed", TokenBatch | Promise<TokenBatch>>;

/** The tests of every backbone against the numbers of `transformers`: hidden states, embeddings, image features, paths, gradients. */
export function testParity<Case extends string>(model: Reference<Case>, { cases, imageCases, ...exactness }: ParityOptions<Case>): void {
  const { backbone, prefixes } = model;
  const paths: PathConfig = { count: prefixes.count, prefixLength: prefixes.length, topology: { kind: "parallel" }, aggregation: "mean" };

  test.each(cases)("final hidden states of %s", async (name: Case) => {
    const batch = await model.batch(name);
    const { graph } = hiddenStatesGraph({ backbone, paths: SINGLE_PATH, vision: visionModeOf(batch) });
    const { hidden } = await run<"hidden">(model, graph, batch);
    const expected = model.expected(`expected.${name}.hidden`);
    expect(hidden.shape).toEqual(expected.shape);
    expect(relativeError(realTokens(hidden.data, batch), realTokens(expected.data, batch))).toBeLessThan(TOLERANCE);
  });

  test.each(cases)("the embedding of %s is its last token's", async (name: Case) => {
    const batch = await model.batch(name);
    const { graph } = embeddingGraph({ backbone, paths: SINGLE_PATH, vision: visionModeOf(batch) });
    const results = await run<"paths">(model, graph, batch);
    const expected = lastTokens(model.expected(`expected.${name}.hidden`).data, batch).flat();
    expect(relativeError(results.paths.data, expected)).toBeLessThan(TOLERANCE);
  });

  test.each<PathTopology>([{ kind: "parallel" }, { kind: "branchLayer", layer: 1 }])("so is every path's without prefixes: %o", async (topology) => {
    const config: PathConfig = { count: 2, prefixLength: 0, topology, aggregation: "mean" };
    const batch = await model.batch("mixed");
    const { graph } = embeddingGraph({ backbone, paths: config, vision: visionModeOf(batch) });
    const results = await run<"paths">(model, graph, batch, config);
    const expected = lastTokens(model.expected("expected.mixed.hidden").data, batch).flatMap((token) => [...token, ...token]);
    expect(relativeError(results.paths.data, expected)).toBeLessThan(TOLERANCE);
  }); // prettier-ignore

  test.each(imageCases)("features of the images of %s, those for the first layers too", async (name: Case) => {
    const batch = await model.batch(name);
    const parameters = new Parameters(new GraphBuilder());
    const { features, deep = [] } = backbone.encodeImages(parameters, { vision: batch.images?.mode ?? "uniform", inputPrefix: "" });
    const outputs = { image_features: features, ...Object.fromEntries(deep.map((value, at) => [`deep_features.${at}`, value])) };
    const results = await run<string>(model, parameters.builder.finish(outputs), batch);
    for (const [output, { data, shape }] of Object.entries(results)) {
      const width = shape[1] as number;
      const real = Array.from(batch.images?.featureRows ?? []).flatMap((row) => Array.from(data.subarray(row * width, (row + 1) * width)));
      expect(relativeError(real, model.expected(`expected.${name}.${output}`).data), output).toBeLessThan(TOLERANCE);
    }
  });

  test.each(["", "_with_lora"])("embeddings of paths whose prefixes are the library's key-value cache%s", async (suffix) => {
    const batch = await model.batch("mixed");
    const { graph } = embeddingGraph({ backbone, paths, vision: visionModeOf(batch), lora: suffix === "" ? undefined : model.lora });
    const { paths: embeddings } = await run<"paths">(model, graph, batch, paths);
    const expected = model.expected(`expected.paths.embeddings${suffix}`);
    expect(embeddings.shape).toEqual(expected.shape);
    expect(relativeError(embeddings.data, expected.data)).toBeLessThan(TOLERANCE);
  });

  testGradients(model, paths, exactness);
}

/** What the output layer makes of text, for models whose next-token scores are stored. */
export function testNextTokenScores(model: Reference<"text">): void {
  test("next-token scores through the output layer, tied or not", async () => {
    const { backbone } = model;
    const parameters = new Parameters(new GraphBuilder());
    const hidden = encodeTokens(parameters, { backbone, paths: SINGLE_PATH, vision: "none" });
    const graph = parameters.builder.finish({ logits: matmul(hidden, outputTable(parameters, backbone), { transposeB: true }) });
    const { logits } = await run<"logits">(model, graph, await model.batch("text"));
    expect(relativeError(logits.data, model.expected("expected.text.logits").data)).toBeLessThan(TOLERANCE);
  });
}

function testGradients(
  model: Reference<"mixed">,
  paths: PathConfig,
  { gradientTolerance = 3e-5, isNothing }: Pick<ParityOptions<string>, "gradientTolerance" | "isNothing">,
): void {
  const { backbone, lora, differentiated } = model;
  test("gradients of every weight, adapter and prefix", async () => {
    const batch = await model.batch("mixed");
    const { graph, shapes } = embeddingGraph({ backbone, paths, vision: visionModeOf(batch), lora });
    expect([...shapes.keys()].sort()).toEqual([...differentiated].sort());
    const backward = differentiate(graph, { seeds: { paths: "seed" }, inputs: differentiated });
    const seed = model.expected("expected.paths.seed");
    const results = await runGraph<string>(backward, { ...model.weights, ...modelInputs(backbone, paths, batch), seed });
    const errors = differentiated.map((weight) => {
      const gradient = results[gradientName(weight)]?.data ?? [];
      const expected = model.expected(`gradients.${weight}`).data;
      if (isNothing?.test(weight) !== true) return { weight, error: relativeError(gradient, expected) };
      const scale = Math.max(...model.expected(`gradients.${weight.replace("k_proj", "q_proj")}`).data.map(Math.abs));
      return { weight, error: Math.max(...Array.from(gradient, Math.abs), ...expected.map(Math.abs)) / scale };
    });
    expect(errors.filter(({ error }) => !(error < gradientTolerance))).toEqual([]);
  });
}

function run<Output extends string>(
  { backbone, weights }: Pick<Reference<string>, "backbone" | "weights">,
  graph: Graph,
  batch: TokenBatch,
  paths: PathConfig = SINGLE_PATH,
): Promise<Record<Output, FloatTensor>> {
  return runGraph<Output>(graph, { ...weights, ...modelInputs(backbone, paths, batch) });
}
