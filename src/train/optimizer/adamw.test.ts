import { describe, expect, test } from "vitest";
import { namedTensors, readReference, relativeError } from "../../../test/fixtures/objective/reference.ts";
import { thrownBy } from "../../../test/support/thrown-by.ts";
import { floatTensor, type Tensor } from "../../engine/tensor/tensor.ts";
import { ShapeError, WeightsError } from "../../errors/families.ts";
import { AdamW } from "./adamw.ts";

test("follows torch.optim.AdamW, with groups and a step in which a parameter takes no part", () => {
  const { learningRate, betas, start, steps } = readReference().adamw;
  const parameters = namedTensors(start);
  const optimizer = new AdamW({
    betas,
    weightDecay: 0,
    groups: [
      { matches: (_, shape) => shape.length === 2, weightDecay: 0.1 },
      { matches: (name) => name === "second", learningRateMultiplier: 3 },
    ],
  });
  for (const { gradients, after } of steps) {
    optimizer.step(parameters, namedTensors(gradients), learningRate);
    for (const [name, expected] of Object.entries(after)) {
      expect(relativeError(parameters.get(name)?.data ?? [], expected.data), name).toBeLessThan(1e-6);
    }
  }
});

test("the first step is the learning rate against the gradient's sign, less the decay: by hand", () => {
  const parameters = new Map([["x", floatTensor([2], [1, -2])]]);
  new AdamW({ weightDecay: 0.5 }).step(parameters, new Map([["x", floatTensor([2], [0.3, -4])]]), 0.1);
  expect(parameters.get("x")?.data[0]).toBeCloseTo(1 - 0.05 - 0.1, 6);
  expect(parameters.get("x")?.data[1]).toBeCloseTo(-2 + 0.1 + 0.1, 6);
});

describe("state", () => {
  const run = (optimizer: AdamW, parameters: ReturnType<typeof namedTensors>, steps: readonly number[]): void => {
    const reference = readReference().adamw.steps;
    for (const step of steps) optimizer.step(parameters, namedTensors(reference[step]?.gradients ?? {}), 0.01);
  };
  const copy = (state: ReadonlyMap<string, Tensor>): Map<string, Tensor> =>
    new Map([...state].map(([name, tensor]) => [name, { ...tensor, data: tensor.data.slice() } as Tensor]));

  test("saved and loaded, it goes on bit by bit as if nothing had been", () => {
    const [straight, first, second] = [new AdamW(), new AdamW(), new AdamW()];
    const [expected, actual] = [namedTensors(readReference().adamw.start), namedTensors(readReference().adamw.start)];
    run(straight, expected, [0, 1, 2, 3, 4]);
    run(first, actual, [0, 1, 2]);
    second.load(copy(first.state()));
    run(second, actual, [3, 4]);
    expect(actual).toEqual(expected);
    expect(second.state()).toEqual(straight.state());
  });

  test("of another optimizer or another model is refused, naming the tensor", async () => {
    const error = await thrownBy(() => new AdamW().load(new Map([["x/momentum", floatTensor([1], [0])]])));
    expect(error).toBeInstanceOf(WeightsError);
    expect((error as WeightsError).message).toContain("x/momentum");
    const optimizer = new AdamW();
    optimizer.step(new Map([["x", floatTensor([2], [0, 0])]]), new Map([["x", floatTensor([2], [1, 1])]]), 0.1);
    const wider = new Map([["x", floatTensor([3], [0, 0, 0])]]);
    expect(await thrownBy(() => optimizer.step(wider, wider, 0.1))).toBeInstanceOf(WeightsError);
  });
});

test("a gradient of another shape is refused, naming the tensor", async () => {
  const step = (): void => new AdamW().step(new Map([["x", floatTensor([2], [0, 0])]]), new Map([["x", floatTensor([1, 2], [0, 0])]]), 0.1);
  const error = await thrownBy(step);
  expect(error).toBeInstanceOf(ShapeError);
  expect((error as ShapeError).message).toContain('"x"');
});
