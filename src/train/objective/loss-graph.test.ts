import { describe, expect, test } from "vitest";
import { slopes, worstSlope } from "../../../test/fixtures/objective/finite-differences.ts";
import { fromPlain, readReference, relativeError } from "../../../test/fixtures/objective/reference.ts";
import { gradientName } from "../../engine/autodiff/differentiate.ts";
import { GraphSession, type TensorMap } from "../../engine/runtime/graph-session.ts";
import { floatTensor, scalar, type Tensor } from "../../engine/tensor/tensor.ts";
import { RandomStream } from "../../random/random-stream.ts";
import { makeMasks } from "./contrastive-masks.ts";
import { estimatorPrefix, SIDES } from "./estimator-graph.ts";
import { buildLossGradientGraph, buildLossGraph, EMBEDDINGS, type LossOptions, type Regulariser } from "./loss-graph.ts";

const { losses } = readReference();
const { pathCount, dimensions, hiddenWidth } = losses.sizes;
const VCLUB: Regulariser = { kind: "vclub", estimator: { pathCount, dimensions, hiddenWidth, pairs: "unordered" } };
const CASES = {
  none: { pathCount, dimensions, regulariser: { kind: "none" } },
  raw: { pathCount, dimensions, regulariser: { kind: "orthogonality", centred: false } },
  centred: { pathCount, dimensions, regulariser: { kind: "orthogonality", centred: true } },
  vclub: { pathCount, dimensions, regulariser: VCLUB },
  symmetric: { pathCount, dimensions, regulariser: { kind: "none" }, symmetric: true },
} as const satisfies Record<string, LossOptions>;

const feeds: TensorMap = {
  ...Object.fromEntries(EMBEDDINGS.map((name) => [name, fromPlain(losses.embeddings[name])])),
  positives: fromPlain(losses.masks.positives),
  excluded: fromPlain(losses.masks.excluded),
  ...Object.fromEntries(Object.entries(losses.weights).map(([name, value]) => [name, scalar(value)])),
  ...Object.fromEntries(
    SIDES.flatMap((side) =>
      Object.entries(losses.estimator[side]).map(([name, tensor]) => [`${estimatorPrefix(side)}.${name}`, fromPlain(tensor)]),
    ),
  ),
};

describe("the whole loss against PyTorch", () => {
  test.each(["none", "raw", "centred", "vclub", "symmetric"] as const)("%s: loss, parts and gradients", async (name) => {
    const expected = losses.whole[name];
    await using session = await GraphSession.create(buildLossGradientGraph(CASES[name]), { threads: 1 });
    const outputs = await session.run(feeds);
    const data = (output: string): Float32Array => outputs[output]?.data as Float32Array;
    expect(data("loss")[0]).toBeCloseTo(expected.loss, 5);
    expect(data("aggregateLoss")[0]).toBeCloseTo(expected.aggregateLoss, 5);
    expect(data("aggregatePrecision")[0]).toBeCloseTo(expected.aggregatePrecision, 6);
    expect(relativeError(data("pathLosses"), expected.pathLosses)).toBeLessThan(1e-6);
    expect(relativeError(data("pathPrecisions"), expected.pathPrecisions)).toBeLessThan(1e-6);
    expect(data("regulariser")[0]).toBeCloseTo(expected.regulariser, 5);
    for (const embedding of EMBEDDINGS) {
      expect(relativeError(data(gradientName(embedding)), expected.gradients[embedding].data), embedding).toBeLessThan(2e-5);
    }
  });
});

test.each(["none", "centred", "vclub", "symmetric"] as const)("gradients by finite differences, N 3: %s", async (name) => {
  const found = await slopes(buildLossGraph(CASES[name]), feeds, { loss: "loss", inputs: EMBEDDINGS });
  expect(worstSlope(found)).toBeLessThan(5e-3);
});

describe("with one path", () => {
  const options: LossOptions = { pathCount: 1, dimensions: 4, regulariser: { kind: "none" } };
  const random = new RandomStream("one path");
  const [queries, targets] = [random.normals(20), random.normals(28)];
  const single: TensorMap = {
    queryPaths: floatTensor([5, 1, 4], queries),
    targetPaths: floatTensor([7, 1, 4], targets),
    queryAggregate: floatTensor([5, 4], queries),
    targetAggregate: floatTensor([7, 4], targets),
    ...makeMasks(["a", "b", "c", "a", "d"], ["e", "b"]),
    temperature: scalar(0.3),
  };

  test("the loss is plain InfoNCE: it takes neither weight, and counts the path once", async () => {
    const graph = buildLossGraph({ ...options, regulariser: VCLUB });
    expect([...graph.inputs.keys()]).not.toContain("pathWeight");
    expect([...graph.inputs.keys()]).not.toContain("regulariserWeight");
    await using session = await GraphSession.create(graph, { threads: 1 });
    const outputs = await session.run(single);
    expect(outputs["loss"]).toEqual(outputs["aggregateLoss"]);
    expect(outputs["pathLosses"]?.data[0]).toBeCloseTo(outputs["loss"]?.data[0] as number, 6);
  });

  test("gradients by finite differences", async () => {
    const found = await slopes(buildLossGraph(options), single, { loss: "loss", inputs: ["queryAggregate", "targetAggregate"] });
    expect(worstSlope(found)).toBeLessThan(2e-3);
  });
});

test("weights are inputs: 0 takes a term away without a new session", async () => {
  await using session = await GraphSession.create(buildLossGraph(CASES.vclub), { threads: 1 });
  const lossOf = async (weights: Record<string, Tensor>): Promise<number> =>
    (await session.run({ ...feeds, ...weights }))["loss"]?.data[0] as number;
  const without = await lossOf({ pathWeight: scalar(0), regulariserWeight: scalar(0) });
  expect(without).toBeCloseTo(losses.whole.vclub.aggregateLoss, 5);
  expect(await lossOf({ regulariserWeight: scalar(0) })).toBeCloseTo(losses.whole.none.loss, 5);
});

test("the loss does not depend on the embeddings' lengths", async () => {
  await using session = await GraphSession.create(buildLossGraph(CASES.vclub), { threads: 1 });
  const scaled = Object.fromEntries(
    EMBEDDINGS.map((name) => [
      name,
      floatTensor(
        feeds[name]?.shape ?? [],
        losses.embeddings[name].data.map((value) => 7 * value),
      ),
    ]),
  );
  expect((await session.run({ ...feeds, ...scaled }))["loss"]?.data[0]).toBeCloseTo(losses.whole.vclub.loss, 5);
});
