import { describe, expect, test } from "vitest";
import { pathGraph, pathTensors, type PathParts } from "../../../test/fixtures/qwen2-vl/path-graph.ts";
import { relativeError, runGraph } from "../../../test/fixtures/qwen2-vl/run-graph.ts";
import { randomTensor, randomWeights, TINY } from "../../../test/fixtures/qwen2-vl/tiny-model.ts";
import { thrownBy } from "../../../test/support/thrown-by.ts";
import { differentiate, gradientName } from "../../engine/autodiff/differentiate.ts";
import type { Dimension } from "../../engine/graph/dimension.ts";
import { concat, expand, reshape, slice } from "../../engine/graph/operators.ts";
import type { Value } from "../../engine/graph/value.ts";
import type { FloatTensor, Tensor } from "../../engine/tensor/tensor.ts";
import { ConfigError } from "../../errors/families.ts";
import type { Decoder } from "../nn/attention-context.ts";
import { causalBias } from "../nn/causal-bias.ts";
import { pickTokens } from "../nn/heads.ts";
import type { PathConfig, PathTopology } from "./path-config.ts";
import { layerPrefixes } from "./prefixes.ts";
import { runPaths, runTrunk } from "./run-paths.ts";
import { selectPathRows } from "./select-paths.ts";

const LENGTHS = [5, 9, 7];
const D = TINY.hiddenSize;
const LAST = TINY.layerCount - 1;

const TOPOLOGIES: readonly PathTopology[] = [
  { kind: "parallel" },
  { kind: "branchLayer", layer: 1 },
  { kind: "branchLayer", layer: LAST },
  { kind: "shared", readoutTokens: 1 },
  { kind: "shared", readoutTokens: 2 },
];

const paths = (topology: PathTopology, count = 3, prefixLength = 2): PathConfig => ({ count, prefixLength, topology, aggregation: "mean" });

/** Embeddings [B, N, D] of random inputs on the tiny decoder, and the weights they were made with. */
async function embed(
  config: PathConfig,
  change: (weights: Record<string, FloatTensor>) => Record<string, Tensor> = (weights) => weights,
): Promise<FloatTensor> {
  const { graph, shapes } = pathGraph(config);
  const { paths } = await runGraph<"paths">(graph, { ...change(randomWeights(shapes)), ...pathTensors(config, LENGTHS) });
  return paths;
}

/** Path `path` of [B, N, D]: B rows one after another. */
function onePath({ shape, data }: FloatTensor, path: number): number[] {
  const [batch, count, width] = shape as [number, number, number];
  return Array.from({ length: batch }, (_, row) =>
    Array.from(data.subarray((row * count + path) * width, (row * count + path + 1) * width)),
  ).flat();
}

describe.each(TOPOLOGIES)("topology %o", (topology) => {
  const config = paths(topology);

  test("all paths at once equal each path by itself", async () => {
    const together = await embed(config);
    expect(together.shape).toEqual([LENGTHS.length, 3, D]);
    for (const path of [0, 1, 2]) {
      const shapes = new Map([...pathGraph(config).shapes]);
      const alone = await embed({ ...config, count: 1 }, () => {
        const weights = randomWeights(shapes);
        return Object.fromEntries(Object.entries(weights).map(([name, tensor]) => [name, selectPathRows(name, tensor, [path])]));
      });
      expect(relativeError(onePath(together, path), alone.data)).toBeLessThan(1e-5);
    }
  });

  test("paths of different prefixes and readouts differ", async () => {
    const embeddings = await embed(config);
    expect(relativeError(onePath(embeddings, 0), onePath(embeddings, 1))).toBeGreaterThan(0.05);
    expect(relativeError(onePath(embeddings, 1), onePath(embeddings, 2))).toBeGreaterThan(0.05);
  });

  test.each([0, 2])(
    "the last layer on the pooled tokens alone equals all of it, gradients too (prefix length %i)",
    async (prefixLength) => {
      const config = paths(topology, 2, prefixLength);
      const results = await Promise.all(
        [true, false].map(async (isPlain) => {
          const { graph, shapes } = pathGraph(config, ({ parameters, decoder, inputs }) => ({
            paths: runPaths(parameters, isPlain ? plainDecoder(decoder, config) : decoder, config, inputs),
          }));
          const backward = differentiate(graph, { seeds: { paths: "seed" }, inputs: ["hidden", ...shapes.keys()] });
          const inputs = { ...randomWeights(shapes), ...pathTensors(config, LENGTHS), seed: randomTensor([LENGTHS.length, 2, D], 5) };
          return runGraph<string>(backward, inputs);
        }),
      );
      const [plain, short] = results as [Record<string, FloatTensor>, Record<string, FloatTensor>];
      expect(Object.keys(short).sort()).toEqual(Object.keys(plain).sort());
      expect(Object.keys(plain)).toContain(gradientName(`model.layers.${LAST}.mlp.down_proj.weight`));
      for (const [name, { data }] of Object.entries(plain)) expect(relativeError(short[name]?.data ?? [], data), name).toBeLessThan(1e-5);
    },
  );

  test("later tokens change nothing before them, nor does what stands in the padding", async () => {
    const { graph, shapes } = pathGraph(config);
    const weights = randomWeights(shapes);
    const tensors = pathTensors(config, LENGTHS);
    const hidden = Float32Array.from((tensors["hidden"] as FloatTensor).data);
    for (const [row, length] of LENGTHS.entries()) hidden.fill(7, (row * 9 + length) * D, (row + 1) * 9 * D);
    const [clean, dirty] = await Promise.all(
      [tensors, { ...tensors, hidden: { ...(tensors["hidden"] as FloatTensor), data: hidden } }].map((inputs) =>
        runGraph<"paths">(graph, { ...weights, ...inputs }),
      ),
    );
    expect(dirty?.paths.data).toEqual(clean?.paths.data);
  });
});

/** The decoder whose last layer runs on all tokens before the wanted ones are picked. */
function plainDecoder(decoder: Decoder, { topology, prefixLength }: PathConfig): Decoder {
  let bias: Value | undefined;
  return {
    ...decoder,
    layer: (index, hidden, context) => {
      bias = context.bias;
      return decoder.layer(index, hidden, context);
    },
    lastLayer: (hidden, context, { rows }) => {
      const causal = causalBias(hidden.builder, { tokens: hidden.shape[1] as Dimension, prefixLength });
      const used = topology.kind === "shared" && bias !== undefined ? bias : causal;
      return pickTokens(decoder.layer(LAST, hidden, { ...context, bias: used }), rows);
    },
  };
}

test("one path without prefix is the plain model's last token", async () => {
  const config = paths({ kind: "parallel" }, 1, 0);
  const { graph, shapes } = pathGraph(config, ({ parameters, decoder, inputs }) => ({
    paths: runPaths(parameters, decoder, config, inputs),
    trunk: lastOf(runTrunk(decoder, inputs), inputs.lastRows),
  }));
  expect([...shapes.keys()].filter((name) => name.startsWith("paths."))).toEqual([]);
  const results = await runGraph<"paths" | "trunk">(graph, { ...randomWeights(shapes), ...pathTensors(config, LENGTHS) });
  expect(relativeError(results.paths.data, results.trunk.data)).toBeLessThan(1e-6);
});

test("earlier tokens' final states do not depend on later tokens", async () => {
  const { graph, shapes } = pathGraph(paths({ kind: "parallel" }), ({ decoder, inputs }) => ({ trunk: runTrunk(decoder, inputs) }));
  const weights = randomWeights(shapes);
  const tensors = pathTensors(paths({ kind: "parallel" }), [8]);
  const hidden = Float32Array.from((tensors["hidden"] as FloatTensor).data);
  hidden.fill(3, 6 * D);
  const before = await runGraph<"trunk">(graph, { ...weights, ...tensors });
  const after = await runGraph<"trunk">(graph, { ...weights, ...tensors, hidden: { ...(tensors["hidden"] as FloatTensor), data: hidden } });
  expect(after.trunk.data.subarray(0, 6 * D)).toEqual(before.trunk.data.subarray(0, 6 * D));
  expect(relativeError(after.trunk.data.subarray(6 * D), before.trunk.data.subarray(6 * D))).toBeGreaterThan(0.1);
});

test.each([0, 1, 2])("branch layer %i: the layers below without prefix, then each path by hand", async (branch) => {
  const config = paths({ kind: "branchLayer", layer: branch });
  const { graph, shapes } = pathGraph(config, (parts) => ({
    paths: runPaths(parts.parameters, parts.decoder, config, parts.inputs),
    byHand: concat(
      [0, 1, 2].map((path) => pathByHand(parts, config, { branch, path })),
      1,
    ),
  }));
  const prefixed = [...shapes.keys()].flatMap((name) => /layers\.(\d+)\.prefix_keys/.exec(name)?.[1] ?? []);
  expect(prefixed).toEqual(["0", "1", "2"].slice(branch));
  const results = await runGraph<"paths" | "byHand">(graph, { ...randomWeights(shapes), ...pathTensors(config, LENGTHS) });
  expect(relativeError(results.paths.data, results.byHand.data)).toBeLessThan(1e-5);
});

interface OnePath {
  readonly branch: number;
  readonly path: number;
}

/** One path as its definition has it: `[B, 1, D]`. */
function pathByHand({ parameters, decoder, inputs }: PathParts, config: PathConfig, { branch, path }: OnePath): Value {
  const { cosines, sines } = inputs;
  const [batch, tokens] = inputs.hidden.shape as [Dimension, Dimension];
  const bias = (prefixLength: number): Value => causalBias(parameters.builder, { tokens, prefixLength });
  const ofPath = (x: Value): Value => expand(slice(x, 0, [path, path + 1]), [batch, ...x.shape.slice(1)]);
  let { hidden } = inputs;
  for (let layer = 0; layer < decoder.layerCount; layer++) {
    const all = layer < branch ? undefined : layerPrefixes(parameters, decoder, { config, layer });
    const prefix = all && { keys: ofPath(all.keys), values: ofPath(all.values) };
    hidden = decoder.layer(layer, hidden, { cosines, sines, prefix, bias: bias(prefix === undefined ? 0 : config.prefixLength) });
  }
  return lastOf(decoder.norm(hidden), inputs.lastRows);
}

/** `[B, T, D] -> [B, 1, D]` */
function lastOf(hidden: Value, lastRows: Value): Value {
  return pickTokens(hidden, reshape(lastRows, [lastRows.shape[0] as Dimension, 1]));
}

test("branch layer 0 is parallel", async () => {
  const [branch, parallel] = await Promise.all([embed(paths({ kind: "branchLayer", layer: 0 })), embed(paths({ kind: "parallel" }))]);
  expect(branch.data).toEqual(parallel.data);
});

test.each([-1, 1.5, TINY.layerCount])("there is no branch layer %d", async (layer) => {
  const error = await thrownBy(() => pathGraph(paths({ kind: "branchLayer", layer })));
  expect(error).toBeInstanceOf(ConfigError);
  expect((error as ConfigError).message).toMatch(/topology\.layer.*0 to 2/);
});
