import { describe, expect, test } from "vitest";
import { slopes, worstSlope } from "../../../test/fixtures/objective/finite-differences.ts";
import { fromPlain, readReference, relativeError } from "../../../test/fixtures/objective/reference.ts";
import { differentiate, gradientName } from "../../engine/autodiff/differentiate.ts";
import { symbol } from "../../engine/graph/dimension.ts";
import { GraphBuilder, type Graph } from "../../engine/graph/graph-builder.ts";
import { reduceMean } from "../../engine/graph/operators.ts";
import { GraphSession, type TensorMap } from "../../engine/runtime/graph-session.ts";
import { floatTensor, type FloatTensor } from "../../engine/tensor/tensor.ts";
import { RandomStream } from "../../random/random-stream.ts";
import { initialPairGaussians, mapTensors, pairGaussiansInputs, type PairGaussiansShape } from "./pair-gaussians.ts";
import { pairsOf } from "./path-pairs.ts";
import { linearDependence, marginalNegativeLogLikelihood, negativeLogLikelihood, standardisedPairs, vclub } from "./vclub.ts";
import { unitRows } from "./unit-rows.ts";

const PATHS = 3;

function graphOf(shape: PairGaussiansShape, pathCount = PATHS): Graph {
  const builder = new GraphBuilder();
  const paths = builder.input("paths", "float32", [symbol("batch"), pathCount, shape.dimensions]);
  const parameters = pairGaussiansInputs(builder, shape, "q");
  const pairs = standardisedPairs(paths, pairsOf(pathCount));
  const [value, likelihood] = [vclub(pairs, parameters), negativeLogLikelihood(pairs, parameters)];
  return builder.finish({
    value,
    likelihood,
    marginal: marginalNegativeLogLikelihood(pairs),
    dependence: linearDependence(pairs),
    meanValue: reduceMean(value, [0]),
    loss: reduceMean(likelihood, [0]),
  });
}

function withNames(tensors: Readonly<Record<string, FloatTensor>>): TensorMap {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [`q.${name}`, tensor]));
}

describe("against PyTorch, where all B x B negatives are written out", () => {
  const { losses } = readReference();
  const shape = { pairCount: 3, dimensions: losses.sizes.dimensions, hiddenWidth: losses.sizes.hiddenWidth };
  const parameters = withNames(mapTensors(losses.estimator.queries, fromPlain));
  const feeds = { paths: unitRows(fromPlain(losses.embeddings.queryPaths)), ...parameters };

  test("value, likelihood and the marginal's likelihood", async () => {
    await using session = await GraphSession.create(graphOf(shape), { threads: 1 });
    const outputs = await session.run(feeds);
    const values = (name: string): Float32Array => outputs[name]?.data as Float32Array;
    expect(relativeError(values("value"), losses.estimation.value)).toBeLessThan(2e-5);
    expect(relativeError(values("likelihood"), losses.estimation.negativeLogLikelihood)).toBeLessThan(1e-5);
    expect(relativeError(values("marginal"), losses.estimation.marginal)).toBeLessThan(1e-5);
  });

  test("gradients of the likelihood with respect to every tensor of q", async () => {
    const names = Object.keys(parameters);
    await using session = await GraphSession.create(differentiate(graphOf(shape), { losses: ["loss"], inputs: names }), { threads: 1 });
    const outputs = await session.run(feeds);
    for (const [name, expected] of Object.entries(losses.estimation.gradients)) {
      expect(relativeError(outputs[gradientName(`q.${name}`)]?.data as Float32Array, expected.data), name).toBeLessThan(2e-5);
    }
  });
});

test("gradients with respect to the vectors by finite differences, through the batch statistics", async () => {
  const shape = { pairCount: 3, dimensions: 4, hiddenWidth: 6 };
  const random = new RandomStream("vclub");
  const parameters = mapTensors(initialPairGaussians(shape, random), ({ shape, data }) =>
    floatTensor(shape, random.normals(data.length, 0.4)),
  );
  const values = { paths: floatTensor([8, PATHS, 4], random.normals(8 * PATHS * 4)), ...withNames(parameters) };
  for (const loss of ["meanValue", "loss"]) {
    expect(worstSlope(await slopes(graphOf(shape), values, { loss, inputs: ["paths"], directions: 6 }))).toBeLessThan(3e-3);
  }
});

test("at the start q is the marginal: value 0, no gain, whatever the vectors", async () => {
  const shape = { pairCount: 1, dimensions: 5, hiddenWidth: 8 };
  await using session = await GraphSession.create(graphOf(shape, 2), { threads: 1 });
  const random = new RandomStream("start");
  const paths = floatTensor([50, 2, 5], random.normals(500));
  const outputs = await session.run({ paths, ...withNames(initialPairGaussians(shape, random)) });
  expect(Math.abs(outputs["value"]?.data[0] as number)).toBeLessThan(1e-6);
  expect(outputs["likelihood"]?.data[0]).toBeCloseTo(0.5 * Math.log(2 * Math.PI * Math.E), 5);
  expect(outputs["marginal"]?.data[0]).toBeCloseTo(0.5 * Math.log(2 * Math.PI * Math.E), 5);
});

test("linear dependence is 0 ± 1 for independent vectors, also where columns correlate, and far above for related ones", async () => {
  const shape = { pairCount: 1, dimensions: 8, hiddenWidth: 4 };
  await using session = await GraphSession.create(graphOf(shape, 2), { threads: 1 });
  const random = new RandomStream("dependence");
  const parameters = withNames(initialPairGaussians(shape, random));
  const measure = async (row: () => readonly number[]): Promise<number> => {
    const paths = floatTensor([100, 2, 8], Array.from({ length: 100 }, row).flat());
    return (await session.run({ paths, ...parameters }))["dependence"]?.data[0] as number;
  };
  const vector = (): number[] => [...random.normals(8)];
  const flat = (): number[] => {
    const common = random.normal();
    return vector().map((value) => common + 0.3 * value);
  };
  for (const independent of [vector, flat]) {
    const found = [];
    for (let batch = 0; batch < 20; batch++) found.push(await measure(() => [...independent(), ...independent()]));
    expect(Math.abs(found.reduce((a, b) => a + b, 0) / 20)).toBeLessThan(0.7);
  }
  const related = await measure(() => {
    const first = vector();
    return [...first, ...first.map((value) => 0.6 * value + 0.8 * random.normal())];
  });
  expect(related).toBeGreaterThan(4);
});

test("pairs: unordered ones once, ordered ones both ways, none of a single path", () => {
  expect(pairsOf(3)).toEqual([
    { first: 0, second: 1 },
    { first: 0, second: 2 },
    { first: 1, second: 2 },
  ]);
  expect(pairsOf(2, "ordered")).toEqual([
    { first: 0, second: 1 },
    { first: 1, second: 0 },
  ]);
  expect(pairsOf(1)).toEqual([]);
  expect(pairsOf(8)).toHaveLength(28);
});
