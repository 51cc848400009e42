import { describe, expect, test } from "vitest";
import { pathGraph, pathTensors, type PathGraph } from "../../../test/fixtures/qwen2-vl/path-graph.ts";
import { relativeError, runGraph } from "../../../test/fixtures/qwen2-vl/run-graph.ts";
import { TOPOLOGIES } from "../../../test/support/model-checks.ts";
import { randomWeights, TINY } from "../../../test/fixtures/qwen2-vl/tiny-model.ts";
import { thrownBy } from "../../../test/support/thrown-by.ts";
import { floatTensor, type FloatTensor } from "../../engine/tensor/tensor.ts";
import { ConfigError } from "../../errors/families.ts";
import { aggregate } from "./aggregation.ts";
import type { PathConfig } from "./path-config.ts";
import { runPaths } from "./run-paths.ts";
import { selectPathRows, selectPaths } from "./select-paths.ts";

const TRAINED: PathConfig = { count: 4, prefixLength: 2, topology: { kind: "parallel" }, aggregation: "gate" };
const LENGTHS = [4, 6];
const D = TINY.hiddenSize;

/** Paths [B, N, D] and their aggregate [B, D]. */
function bothGraph(config: PathConfig): PathGraph {
  return pathGraph(config, ({ parameters, decoder, inputs }) => {
    const paths = runPaths(parameters, decoder, config, inputs);
    return { paths, aggregate: aggregate(parameters, config, paths) };
  });
}

/** The trained model's outputs on some of its paths. */
async function runSelected(trained: PathConfig, indices: readonly number[]): Promise<Record<"paths" | "aggregate", FloatTensor>> {
  const config = selectPaths(trained, indices);
  const weights = Object.entries(randomWeights(bothGraph(trained).shapes)).map(
    ([name, tensor]) => [name, selectPathRows(name, tensor, indices)] as const,
  );
  return runGraph(bothGraph(config).graph, { ...Object.fromEntries(weights), ...pathTensors(config, LENGTHS) });
}

function rowsOfPaths({ shape, data }: FloatTensor, indices: readonly number[]): number[] {
  const [batch, count] = shape as [number, number];
  return Array.from({ length: batch }, (_, row) =>
    indices.flatMap((index) => Array.from(data.subarray((row * count + index) * D, (row * count + index + 1) * D))),
  ).flat();
}

describe.each(TOPOLOGIES)("topology %o", (topology) => {
  const trained = { ...TRAINED, topology };

  test.each([[[2]], [[0, 1]], [[3, 1, 0]], [[0, 1, 2, 3]]])("paths %j are those of the whole model", async (indices) => {
    const [whole, selected] = await Promise.all([runSelected(trained, [0, 1, 2, 3]), runSelected(trained, indices)]);
    expect(selected.paths.shape).toEqual([LENGTHS.length, indices.length, D]);
    expect(relativeError(selected.paths.data, rowsOfPaths(whole.paths, indices))).toBeLessThan(1e-5);
  });

  test("the gate's aggregate does not depend on the order of the paths", async () => {
    const [whole, turned] = await Promise.all([runSelected(trained, [0, 1, 2, 3]), runSelected(trained, [2, 0, 3, 1])]);
    expect(relativeError(turned.aggregate.data, whole.aggregate.data)).toBeLessThan(1e-5);
  });
});

test("all paths in their order leave every weight as it was", () => {
  const weights = randomWeights(bothGraph(TRAINED).shapes);
  for (const [name, tensor] of Object.entries(weights)) expect(selectPathRows(name, tensor, [0, 1, 2, 3]), name).toEqual(tensor);
});

test("a path that does not run counts as the mean of the others in the gate's first layer", () => {
  // one unit, three paths: 1·x + 2·y + 6·z with y := (x + z) / 2 is 2·x + 7·z
  expect(selectPathRows("paths.gate.0.weight", floatTensor([1, 3], [1, 2, 6]), [0, 2]).data).toEqual(Float32Array.of(2, 7));
  expect(selectPathRows("paths.gate.2.weight", floatTensor([3, 1], [1, 2, 6]), [2, 0]).data).toEqual(Float32Array.of(6, 1));
  expect(selectPathRows("paths.gate.0.bias", floatTensor([1], [4]), [0]).data).toEqual(Float32Array.of(4));
});

test("one path needs no gate", () => {
  expect(selectPaths(TRAINED, [3])).toEqual({ ...TRAINED, count: 1, aggregation: "mean" });
  expect(selectPaths(TRAINED, [3, 0])).toEqual({ ...TRAINED, count: 2 });
});

test.each([[[]], [[4]], [[-1]], [[0.5]], [[1, 1]]])("there are no paths %j", async (indices) => {
  const error = await thrownBy(() => selectPaths(TRAINED, indices));
  expect(error).toBeInstanceOf(ConfigError);
  expect((error as ConfigError).message).toContain("paths from 0 to 3");
});
