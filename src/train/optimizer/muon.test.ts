import { describe, expect, test } from "vitest";
import { fromPlain, readReference, relativeError } from "../../../test/fixtures/objective/reference.ts";
import { thrownBy } from "../../../test/support/thrown-by.ts";
import { floatTensor, zeros } from "../../engine/tensor/tensor.ts";
import { ShapeError } from "../../errors/families.ts";
import { RandomStream } from "../../random/random-stream.ts";
import { AdamW } from "./adamw.ts";
import { Muon } from "./muon.ts";
import { RoutedOptimizer } from "./routed-optimizer.ts";

const { muon: reference } = readReference();

test.each(Object.keys(reference.cases))("follows the reference's steps on a %s matrix", async (name) => {
  const { start, steps } = reference.cases[name] ?? { start: { shape: [], data: [] }, steps: [] };
  await using optimizer = new Muon({ momentum: reference.momentum, weightDecay: reference.weightDecay, threads: 1 });
  const parameters = new Map([["w", fromPlain(start)]]);
  for (const { gradient, after } of steps) {
    await optimizer.step(parameters, new Map([["w", fromPlain(gradient)]]), reference.learningRate);
    expect(relativeError(parameters.get("w")?.data ?? [], after.data)).toBeLessThan(1e-5);
  }
});

test("a step moves every direction about equally: singular values between 0.6 and 1.3, whatever the gradient's", async () => {
  await using optimizer = new Muon({ weightDecay: 0, threads: 1 });
  const parameters = new Map([["w", zeros([2, 5])]]);
  const gradient = floatTensor([2, 5], [100, 0, 0, 0, 0, 0, 3, 0, 0, 0]); // singular values 100 and 3
  await optimizer.step(parameters, new Map([["w", gradient]]), 1);
  const moved = parameters.get("w")?.data ?? new Float32Array();
  for (const value of [moved[0] as number, moved[6] as number]) {
    expect(-value).toBeGreaterThan(0.6);
    expect(-value).toBeLessThan(1.3);
  }
});

test("a gradient of zeros moves nothing", async () => {
  await using optimizer = new Muon({ weightDecay: 0, threads: 1 });
  const parameters = new Map([["w", floatTensor([2, 2], [1, 2, 3, 4])]]);
  await optimizer.step(parameters, new Map([["w", zeros([2, 2])]]), 1);
  expect([...(parameters.get("w")?.data ?? [])]).toEqual([1, 2, 3, 4]);
});

test("what is no matrix is refused before anything has moved", async () => {
  await using optimizer = new Muon({ threads: 1 });
  const parameters = new Map([
    ["w", floatTensor([2, 2], [1, 2, 3, 4])],
    ["gain", zeros([3])],
  ]);
  const error = await thrownBy(() => optimizer.step(parameters, new Map([...parameters]), 1));
  expect(error).toBeInstanceOf(ShapeError);
  expect((error as ShapeError).message).toContain('"gain"');
  expect([...(parameters.get("w")?.data ?? [])]).toEqual([1, 2, 3, 4]);
});

describe("routed: matrices to Muon, the rest to AdamW", () => {
  const routed = (): RoutedOptimizer =>
    new RoutedOptimizer([
      {
        name: "muon",
        optimizer: new Muon({ threads: 1, groups: [{ matches: () => true, learningRateMultiplier: 20 }] }),
        matches: (_, shape) => shape.length === 2,
      },
      { name: "adamw", optimizer: new AdamW(), matches: () => true },
    ]);
  const tensors = (key: string): Map<string, ReturnType<typeof floatTensor>> => {
    const random = new RandomStream("routed", key);
    return new Map([
      ["layer/weight", floatTensor([3, 4], random.normals(12))],
      ["layer/gain", floatTensor([4], random.normals(4))],
    ]);
  };

  test("each gets its own, and the state comes back bit by bit", async () => {
    const [straight, first, second] = [routed(), routed(), routed()];
    const [expected, actual] = [tensors("start"), tensors("start")];
    for (const step of ["1", "2"]) await straight.step(expected, tensors(step), 1e-3);
    await first.step(actual, tensors("1"), 1e-3);
    expect([...first.state().keys()]).toEqual([
      "muon/layer/weight/steps",
      "muon/layer/weight/momentum",
      "adamw/layer/gain/steps",
      "adamw/layer/gain/firstMoment",
      "adamw/layer/gain/secondMoment",
    ]);
    second.load(first.state());
    await second.step(actual, tensors("2"), 1e-3);
    expect(actual).toEqual(expected);
    expect(second.state()).toEqual(straight.state());
  });
});
