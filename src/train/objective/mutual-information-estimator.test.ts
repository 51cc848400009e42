import { describe, expect, test } from "vitest";
import { correlatedGaussians, distanceCorrelation, linearCka, rowsOf } from "../../../test/fixtures/objective/gaussians.ts";
import { thrownBy } from "../../../test/support/thrown-by.ts";
import { differentiate, gradientName } from "../../engine/autodiff/differentiate.ts";
import { symbol } from "../../engine/graph/dimension.ts";
import { GraphBuilder, type Graph } from "../../engine/graph/graph-builder.ts";
import { concat, matmul, mul, reduceMean, reshape, tanh } from "../../engine/graph/operators.ts";
import { GraphSession } from "../../engine/runtime/graph-session.ts";
import { expectFloat, floatTensor, type FloatTensor } from "../../engine/tensor/tensor.ts";
import { WeightsError } from "../../errors/families.ts";
import { RandomStream } from "../../random/random-stream.ts";
import { AdamW } from "../optimizer/adamw.ts";
import { estimatorInputs } from "./estimator-graph.ts";
import { judgeEstimator, type EstimatorReading } from "./estimator-reading.ts";
import { MutualInformationEstimator, type EstimatorOptions, type PathEmbeddings } from "./mutual-information-estimator.ts";
import { pairsOf } from "./path-pairs.ts";
import { standardisedPairs, vclub } from "./vclub.ts";

const SETTINGS: EstimatorOptions = {
  pathCount: 2,
  dimensions: 6,
  hiddenWidth: 32,
  pairs: "unordered",
  seed: 1,
  learningRate: 2e-3,
  innerSteps: 1,
  threads: 1,
};

/** Queries of one correlation, targets of another. */
function gaussianBatch([queries, targets]: readonly [number, number], rows: number, key: string | number): PathEmbeddings {
  const batch = (rho: number): FloatTensor => correlatedGaussians(rho, { rows, dimensions: 6 }, new RandomStream("gaussians", rho, key));
  return { queries: batch(queries), targets: batch(targets) };
}

/** Held-out readings after training, queries and targets apart. */
async function trainedOn(rhos: readonly [number, number]): Promise<EstimatorReading[]> {
  await using estimator = await MutualInformationEstimator.create(SETTINGS);
  for (let step = 0; step < 450; step++) await estimator.train(gaussianBatch(rhos, 512, step));
  const reading = await estimator.evaluate(gaussianBatch(rhos, 4096, "held out"));
  return reading.pairs.map((pair) => ({ ...reading, value: pair.value, likelihoodGain: pair.likelihoodGain, pairs: [pair] }));
}

describe("on correlated Gaussians", () => {
  test(
    "vCLUB is rho²/(1-rho²) per dimension within 15 %, above the mutual information, monotone and near 0 at 0",
    { timeout: 180_000 },
    async () => {
      const readings = [...(await trainedOn([0, 0.1])), ...(await trainedOn([0.2, 0.4])), ...(await trainedOn([0.7, 0.9]))];
      const [none, ...others] = readings as [EstimatorReading, ...EstimatorReading[]];
      expect(Math.abs(none.value)).toBeLessThan(0.002);
      expect(Math.abs(none.likelihoodGain)).toBeLessThan(0.002);
      expect(judgeEstimator([none]).state).toBe("independent");
      let previous = none;
      for (const [at, rho] of [0.1, 0.2, 0.4, 0.7, 0.9].entries()) {
        const reading = others[at] as EstimatorReading;
        const perfect = rho ** 2 / (1 - rho ** 2);
        const information = -0.5 * Math.log(1 - rho ** 2);
        expect(Math.abs(reading.value / perfect - 1), `value at ${rho}`).toBeLessThan(0.15);
        expect(reading.value, `bound at ${rho}`).toBeGreaterThan(information);
        expect(Math.abs(reading.likelihoodGain - information), `gain at ${rho}`).toBeLessThan(0.002 + 0.1 * information);
        expect(reading.value).toBeGreaterThan(previous.value);
        expect(judgeEstimator([reading]).state).toBe("alive");
        previous = reading;
      }
    },
  );
});

/** Two paths that see one input of six numbers through weights of their own: `tanh(u W_i)`, [B, 2, 3], and vCLUB between them. */
function encoderGraph(): Graph {
  const shape = { pathCount: 2, dimensions: 3, hiddenWidth: 24, pairs: "unordered" } as const;
  const builder = new GraphBuilder();
  const rows = symbol("batch");
  const inputs = builder.input("inputs", "float32", [rows, 6]);
  const path = (name: string) => reshape(tanh(matmul(inputs, builder.input(name, "float32", [6, 3]))), [rows, 1, 3]);
  const paths = concat([path("first"), path("second")], 1);
  const { queries } = estimatorInputs(builder, shape);
  return builder.finish({ paths, loss: mul(reduceMean(vclub(standardisedPairs(paths, pairsOf(2)), queries), [0]), 1) });
}

test("gradient descent on it drives dependence down, as distance correlation and CKA tell", { timeout: 180_000 }, async () => {
  await using estimator = await MutualInformationEstimator.create({ ...SETTINGS, dimensions: 3, hiddenWidth: 24, innerSteps: 2 });
  const graph = encoderGraph();
  await using session = await GraphSession.create(differentiate(graph, { losses: ["loss"], inputs: ["first", "second"] }), { threads: 1 });
  const random = new RandomStream("encoder");
  const first = random.normals(18, 0.5);
  const weights = new Map([
    ["first", floatTensor([6, 3], first)],
    [
      "second",
      floatTensor(
        [6, 3],
        first.map((value) => value + 0.1 * random.normal()),
      ),
    ], // nearly the same path twice
  ]);
  const optimizer = new AdamW({ weightDecay: 0 });
  const run = (rows: number, key: number | string) =>
    session.run({
      inputs: floatTensor([rows, 6], new RandomStream("inputs", key).normals(rows * 6)),
      ...Object.fromEntries([...weights, ...estimator.parameters]),
    });
  const dependence = async (): Promise<{ distance: number; cka: number }> => {
    const paths = expectFloat((await run(400, "held out"))["paths"] as FloatTensor);
    const [x, y] = [rowsOf(paths, 0), rowsOf(paths, 1)];
    return { distance: distanceCorrelation(x, y), cka: linearCka(x, y) };
  };
  const before = await dependence();
  for (let step = 0; step < 350; step++) {
    const paths = expectFloat((await run(256, step))["paths"] as FloatTensor);
    await estimator.train({ queries: paths, targets: paths });
    const outputs = await run(256, step);
    const gradients = [...weights.keys()].map((name) => [name, expectFloat(outputs[gradientName(name)] as FloatTensor)] as const);
    optimizer.step(weights, new Map(gradients), step < 50 ? 0 : 1e-2);
  }
  const afterwards = await dependence();
  expect(before.distance).toBeGreaterThan(0.9);
  expect(before.cka).toBeGreaterThan(0.9);
  expect(afterwards.distance).toBeLessThan(0.25); // 400 independent rows of three columns give about 0.15
  expect(afterwards.cka).toBeLessThan(0.05);
});

describe("held-out readings", () => {
  test("are taken before the batch is learnt from", async () => {
    await using estimator = await MutualInformationEstimator.create({ ...SETTINGS, innerSteps: 5 });
    const batch = gaussianBatch([0.9, 0.9], 64, 0);
    const heldOut = await estimator.train(batch);
    expect(heldOut.likelihoodGain).toBeCloseTo(0, 5);
    expect((await estimator.evaluate(batch)).negativeLogLikelihood).toBeLessThan(heldOut.negativeLogLikelihood);
    expect(heldOut.pairs.map(({ side, first, second }) => [side, first, second])).toEqual([
      ["queries", 0, 1],
      ["targets", 0, 1],
    ]);
  });

  test("an untrained estimator is dead on dependent vectors, and the verdict says what to do", async () => {
    await using estimator = await MutualInformationEstimator.create(SETTINGS);
    const verdict = judgeEstimator([await estimator.evaluate(gaussianBatch([0.9, 0.9], 256, 0))]);
    expect(verdict.state).toBe("dead");
    expect(verdict.message).toMatch(/paths 1 and 2.*inner steps/);
  });

  test("vectors that are not finite leave the estimator as it was, and count as dead", async () => {
    await using estimator = await MutualInformationEstimator.create(SETTINGS);
    const batch = gaussianBatch([0.5, 0.5], 64, 0);
    batch.queries.data[3] = Number.NaN;
    const before = [...estimator.parameters.values()].map(({ data }) => [...data]);
    const reading = await estimator.train(batch);
    expect([...estimator.parameters.values()].map(({ data }) => [...data])).toEqual(before);
    expect(judgeEstimator([reading]).state).toBe("dead");
  });
});

describe("state", () => {
  const copyOf = (state: ReturnType<MutualInformationEstimator["state"]>): typeof state =>
    new Map([...state].map(([name, tensor]) => [name, { ...tensor, data: tensor.data.slice() } as typeof tensor]));

  test("saved and loaded, it goes on bit by bit as if nothing had been", async () => {
    await using straight = await MutualInformationEstimator.create(SETTINGS);
    await using resumed = await MutualInformationEstimator.create({ ...SETTINGS, seed: 99 });
    for (const step of [0, 1, 2]) await straight.train(gaussianBatch([0.7, 0.7], 64, step));
    resumed.load(copyOf(straight.state()));
    for (const step of [3, 4]) {
      expect(await resumed.train(gaussianBatch([0.7, 0.7], 64, step))).toEqual(await straight.train(gaussianBatch([0.7, 0.7], 64, step)));
    }
  });

  test("of another estimator is refused, naming the tensor", async () => {
    await using estimator = await MutualInformationEstimator.create(SETTINGS);
    await using wider = await MutualInformationEstimator.create({ ...SETTINGS, hiddenWidth: 16 });
    const error = await thrownBy(() => estimator.load(wider.state()));
    expect(error).toBeInstanceOf(WeightsError);
    expect((error as WeightsError).message).toContain("mutualInformation.queries.hidden.weight");
  });
});

test("the same seed gives the same estimator, another one another", async () => {
  await using a = await MutualInformationEstimator.create(SETTINGS);
  await using b = await MutualInformationEstimator.create(SETTINGS);
  await using c = await MutualInformationEstimator.create({ ...SETTINGS, seed: 2 });
  expect(b.parameters).toEqual(a.parameters);
  expect(c.parameters).not.toEqual(a.parameters);
});
