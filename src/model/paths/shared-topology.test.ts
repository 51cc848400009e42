import { expect, test } from "vitest";
import { pathGraph, pathTensors } from "../../../test/fixtures/qwen2-vl/path-graph.ts";
import { relativeError, runGraph } from "../../../test/fixtures/qwen2-vl/run-graph.ts";
import { randomWeights, TINY } from "../../../test/fixtures/qwen2-vl/tiny-model.ts";
import { addDimensions, type Dimension } from "../../engine/graph/dimension.ts";
import { concat, expand, reshape, slice } from "../../engine/graph/operators.ts";
import type { Value } from "../../engine/graph/value.ts";
import type { FloatTensor } from "../../engine/tensor/tensor.ts";
import { causalBias } from "../nn/causal-bias.ts";
import type { PathConfig } from "./path-config.ts";
import { runPaths } from "./run-paths.ts";

const LENGTHS = [6, 3, 5];
const D = TINY.hiddenSize;
const SHARED: PathConfig = { count: 3, prefixLength: 2, topology: { kind: "shared", readoutTokens: 2 }, aggregation: "mean" };

/** Path `path` of embeddings [B, N, D]. */
function onePath({ shape, data }: FloatTensor, path: number): number[] {
  const [batch, count] = shape as [number, number];
  return Array.from({ length: batch }, (_, row) =>
    Array.from(data.subarray((row * count + path) * D, (row * count + path + 1) * D)),
  ).flat();
}

test.each(["prefix_keys", "prefix_values", "readout_tokens"])("a path does not see the %s of the others", async (changed) => {
  const { graph, shapes } = pathGraph(SHARED);
  const [weights, tensors] = [randomWeights(shapes), pathTensors(SHARED, LENGTHS)];
  const { paths: before } = await runGraph<"paths">(graph, { ...weights, ...tensors });
  for (const path of [0, 1, 2]) {
    const others = Object.entries(weights).map(
      ([name, tensor]) => [name, name.endsWith(changed) ? changeRow(tensor, path) : tensor] as const,
    );
    const { paths: after } = await runGraph<"paths">(graph, { ...Object.fromEntries(others), ...tensors });
    const differences = [0, 1, 2].map((other) => relativeError(onePath(after, other), onePath(before, other)));
    expect(differences.splice(path, 1)[0]).toBeGreaterThan(0.01);
    expect(differences).toEqual([0, 0]);
  }
});

function changeRow(tensor: FloatTensor, row: number): FloatTensor {
  const data = Float32Array.from(tensor.data);
  const size = data.length / (tensor.shape[0] as number);
  for (let at = row * size; at < (row + 1) * size; at++) data[at] = 1 - (data[at] as number);
  return { ...tensor, data };
}

test("the tokens of the input are not touched by prefixes and readouts", async () => {
  const { graph, shapes } = pathGraph(SHARED, ({ parameters, decoder, inputs }) => {
    const { cosines, sines } = inputs;
    const tokens = inputs.hidden.shape[1] as Dimension;
    const bias = causalBias(parameters.builder, { tokens, prefixLength: 0 });
    const outputs: Record<string, Value> = {};
    let alone = inputs.hidden;
    const watched = {
      ...decoder,
      layer: (index: number, hidden: Value, context: Parameters<typeof decoder.layer>[2]): Value => {
        const after = decoder.layer(index, hidden, context);
        alone = decoder.layer(index, alone, { cosines, sines, bias });
        outputs[`shared${index}`] = slice(after, 1, [0, tokens]);
        outputs[`alone${index}`] = alone;
        return after;
      },
    };
    return { paths: runPaths(parameters, watched, SHARED, inputs), ...outputs };
  });
  const results = await runGraph<string>(graph, { ...randomWeights(shapes), ...pathTensors(SHARED, LENGTHS) });
  expect(Object.keys(results).sort()).toEqual(["alone0", "alone1", "paths", "shared0", "shared1"]);
  for (const index of [0, 1]) {
    expect(relativeError(results[`shared${index}`]?.data ?? [], results[`alone${index}`]?.data ?? [1])).toBeLessThan(1e-6);
  }
});

test("without prefixes a path is the plain model on the input with the path's readouts behind it", async () => {
  const config: PathConfig = { ...SHARED, count: 1, prefixLength: 0 };
  const { graph, shapes } = pathGraph(config, ({ parameters, decoder, inputs }) => {
    const [batch, tokens] = inputs.hidden.shape as [Dimension, Dimension];
    const paths = runPaths(parameters, decoder, config, inputs);
    const readouts = expand(parameters.parameter("paths.readout_tokens", [1, 2, D]), [batch, 2, D]);
    const longer = addDimensions(tokens, 2);
    const context = {
      cosines: concat([inputs.cosines, inputs.readouts?.cosines as Value], 1),
      sines: concat([inputs.sines, inputs.readouts?.sines as Value], 1),
      bias: causalBias(parameters.builder, { tokens: longer, prefixLength: 0 }),
    };
    let hidden = concat([inputs.hidden, readouts], 1);
    for (let layer = 0; layer < decoder.layerCount; layer++) hidden = decoder.layer(layer, hidden, context);
    return { paths, byHand: reshape(slice(decoder.norm(hidden), 1, [addDimensions(longer, -1), longer]), [batch, 1, D]) };
  });
  const results = await runGraph<"paths" | "byHand">(graph, { ...randomWeights(shapes), ...pathTensors(config, [4, 4]) });
  expect(relativeError(results.paths.data, results.byHand.data)).toBeLessThan(1e-5);
});

test("a path's prefixes are seen by its readouts", async () => {
  const { graph, shapes } = pathGraph(SHARED);
  const weights = randomWeights(shapes);
  const first = weights["paths.readout_tokens"] as FloatTensor;
  const size = first.data.length / 3;
  const equal = { ...first, data: Float32Array.from(first.data, (_, at) => first.data[at % size] as number) };
  const { paths } = await runGraph<"paths">(graph, { ...weights, "paths.readout_tokens": equal, ...pathTensors(SHARED, LENGTHS) });
  expect(relativeError(onePath(paths, 1), onePath(paths, 0))).toBeGreaterThan(0.01);
});
