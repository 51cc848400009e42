import { expect } from "vitest";
import { bindInputs } from "../../src/engine/graph/bind-inputs.ts";
import { GraphBuilder } from "../../src/engine/graph/graph-builder.ts";
import { sizeOf, type Tensor } from "../../src/engine/tensor/tensor.ts";
import type { Backbone } from "../../src/model/multimodal/backbone.ts";
import { modelInputs } from "../../src/model/multimodal/model-inputs.ts";
import { embeddingGraph, encodeTokens, outputTable } from "../../src/model/multimodal/model.ts";
import { visionModeOf, type TokenBatch } from "../../src/model/multimodal/token-batch.ts";
import { weightPart } from "../../src/model/multimodal/weight-parts.ts";
import { Parameters } from "../../src/model/nn/parameter-source.ts";
import { SINGLE_PATH, type PathConfig, type PathTopology } from "../../src/model/paths/path-config.ts";
import { matmulCost, type MatmulCost } from "../fixtures/qwen2-vl/matmul-cost.ts";
import { relativeError, runGraph } from "../fixtures/qwen2-vl/run-graph.ts";
import { randomWeights } from "../fixtures/qwen2-vl/tiny-model.ts";

/** One of each kind. */
export const TOPOLOGIES: readonly PathTopology[] = [
  { kind: "parallel" },
  { kind: "branchLayer", layer: 1 },
  { kind: "shared", readoutTokens: 2 },
];

/** Paths with prefixes of 2. */
export function gatedPaths(topology: PathTopology, count: number): PathConfig {
  return { count, prefixLength: 2, topology, aggregation: "gate" };
}

/** What the matrix products of a part of a backbone cost, by the number of paths. */
export function pathCosts(backbone: Backbone, batch: TokenBatch, topology: PathTopology): (count: number, scope: string) => MatmulCost {
  return (count, scope) => {
    const paths = gatedPaths(topology, count);
    const { graph, shapes } = embeddingGraph({ backbone, paths, vision: visionModeOf(batch) });
    return matmulCost(graph, scope, bindInputs(graph, { ...randomWeights(shapes), ...modelInputs(backbone, paths, batch) }));
  };
}

/** How many numbers a model has in the weights whose names begin so, its output layer among them. */
export function weightCounter(backbone: Backbone): (beginning?: string) => number {
  const parameters = new Parameters(new GraphBuilder());
  encodeTokens(parameters, { backbone, paths: SINGLE_PATH, vision: "uniform" });
  outputTable(parameters, backbone);
  const sizes = [...parameters.shapes].map(([name, shape]) => ({ name, size: sizeOf(shape) }));
  return (beginning = "") => sizes.reduce((sum, { name, size }) => sum + (name.startsWith(beginning) ? size : 0), 0);
}

/** Every weight of the graph is the tower's, the decoder's or the embeddings'. @param examples names of weights and their parts. */
export function expectWeightParts(backbone: Backbone, examples: Readonly<Record<string, string>>): void {
  const { shapes } = embeddingGraph({ backbone, paths: SINGLE_PATH, vision: "uniform" });
  expect(new Set([...shapes.keys()].map((name) => weightPart(backbone, name)))).toEqual(new Set(["decoder", "embeddings", "vision"]));
  for (const [name, part] of Object.entries(examples)) expect(weightPart(backbone, name), name).toBe(part);
}

/** Layers that are computed again in the backward pass change nothing in the forward one. */
export async function expectSameRecomputed(
  { backbone, weights }: { readonly backbone: Backbone; readonly weights: Readonly<Record<string, Tensor>> },
  batch: TokenBatch,
): Promise<void> {
  const run = async (recompute: boolean): Promise<Float32Array> => {
    const { graph } = embeddingGraph({ backbone, paths: SINGLE_PATH, vision: visionModeOf(batch), recompute });
    return (await runGraph<"paths">(graph, { ...weights, ...modelInputs(backbone, SINGLE_PATH, batch) })).paths.data;
  };
  expect(relativeError(await run(true), await run(false))).toBeLessThan(1e-6);
}
