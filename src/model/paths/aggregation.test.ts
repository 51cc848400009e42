import { describe, expect, test } from "vitest";
import { relativeError, runGraph } from "../../../test/fixtures/qwen2-vl/run-graph.ts";
import { randomTensor, randomWeights } from "../../../test/fixtures/qwen2-vl/tiny-model.ts";
import { symbol } from "../../engine/graph/dimension.ts";
import { GraphBuilder } from "../../engine/graph/graph-builder.ts";
import { floatTensor, type FloatTensor } from "../../engine/tensor/tensor.ts";
import { Parameters } from "../nn/parameter-source.ts";
import { aggregate } from "./aggregation.ts";
import type { PathConfig } from "./path-config.ts";

const [BATCH, COUNT, WIDTH] = [3, 4, 6];

interface Setting {
  readonly aggregation: PathConfig["aggregation"];
  readonly paths: FloatTensor;
  readonly change?: (weights: Record<string, FloatTensor>) => Record<string, FloatTensor>;
}

async function run({ aggregation, paths, change = (weights) => weights }: Setting): Promise<number[]> {
  const [, count, width] = paths.shape as [number, number, number];
  const parameters = new Parameters(new GraphBuilder());
  const config: PathConfig = { count, prefixLength: 1, topology: { kind: "parallel" }, aggregation };
  const input = parameters.builder.input("paths", "float32", [symbol("batch"), count, width]);
  const graph = parameters.builder.finish({ aggregate: aggregate(parameters, config, input) });
  const results = await runGraph<"aggregate">(graph, { ...change(randomWeights(parameters.shapes)), paths });
  return Array.from(results.aggregate.data);
}

const unit = (row: readonly number[]): number[] => row.map((value) => value / Math.hypot(...row));
const rows = ({ data }: FloatTensor, width: number): number[][] =>
  Array.from({ length: data.length / width }, (_, at) => Array.from(data.subarray(at * width, (at + 1) * width)));

test("the mean of unit vectors, however long the paths are", async () => {
  const paths = floatTensor([1, 2, 2], [3, 4, 0, 0.5]);
  const mean = await run({ aggregation: "mean", paths });
  expect(relativeError(mean, [0.3, 0.9])).toBeLessThan(1e-6);
});

test.each(["mean", "gate"] as const)("one path is its own aggregate (%s)", async (aggregation) => {
  expect(relativeError(await run({ aggregation, paths: floatTensor([1, 1, 2], [3, 4]) }), [0.6, 0.8])).toBeLessThan(1e-6);
});

describe("gate", () => {
  const paths = randomTensor([BATCH, COUNT, WIDTH], 3);

  test("is the mean while its second layer is zero", async () => {
    const change = (weights: Record<string, FloatTensor>): Record<string, FloatTensor> => {
      const second = weights["paths.gate.2.weight"] as FloatTensor;
      return { ...weights, "paths.gate.2.weight": { ...second, data: second.data.map(() => 0) } };
    };
    const [gate, mean] = await Promise.all([run({ aggregation: "gate", paths, change }), run({ aggregation: "mean", paths })]);
    expect(relativeError(gate, mean)).toBeLessThan(1e-6);
  });

  test("weighs unit vectors by a softmax over a network that sees all paths", async () => {
    let weights: Record<string, FloatTensor> = {};
    const actual = await run({ aggregation: "gate", paths, change: (all) => (weights = all) });
    const matrix = (name: string, width: number): number[][] => rows(weights[name] as FloatTensor, width);
    const [first, second] = [matrix("paths.gate.0.weight", COUNT * WIDTH), matrix("paths.gate.2.weight", WIDTH)];
    const bias = weights["paths.gate.0.bias"]?.data as Float32Array;
    const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, value, at) => sum + value * (b[at] as number), 0);
    const expected = rows(paths, COUNT * WIDTH).flatMap((joined) => {
      const inner = first.map((row, at) => dot(row, joined) + (bias[at] as number)).map((x) => x / (1 + Math.exp(-x)));
      const exponentials = second.map((row) => Math.exp(dot(row, inner)));
      const total = exponentials.reduce((sum, value) => sum + value, 0);
      const units = rows(floatTensor([COUNT, WIDTH], joined), WIDTH).map(unit);
      return Array.from({ length: WIDTH }, (_, at) =>
        units.reduce((sum, row, path) => sum + ((exponentials[path] as number) / total) * (row[at] as number), 0),
      );
    });
    expect(relativeError(actual, expected)).toBeLessThan(1e-5);
    expect(relativeError(actual, await run({ aggregation: "mean", paths }))).toBeGreaterThan(0.05);
  });
});
