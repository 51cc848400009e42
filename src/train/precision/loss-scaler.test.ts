import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { floatTensor, zeros } from "../../engine/tensor/tensor.ts";
import { TrainingError } from "../../errors/families.ts";
import { thrownBy } from "../../../test/support/thrown-by.ts";
import { LossScaler, type LossScaling } from "./loss-scaler.ts";

const STEP = z.object({
  overflow: z.boolean(),
  scaled: z.number().nullable(),
  gradient: z.number().nullable(),
  used: z.number(),
  scale: z.number(),
  clean: z.int(),
});
const RUN = z.object({
  initialScale: z.number(),
  growthFactor: z.number(),
  backoffFactor: z.number(),
  growthInterval: z.int(),
  steps: z.array(STEP),
});
const file = join(import.meta.dirname, "../../../test/fixtures/training/loss-scaling.json");
const { runs } = z.object({ runs: z.record(z.string(), RUN) }).parse(JSON.parse(readFileSync(file, "utf8")));

const BOUNDS = { minimumScale: 1e-4, maximumSkippedSteps: 25 };
const DEFAULTS: LossScaling = { initialScale: 8, growthFactor: 2, backoffFactor: 0.5, growthInterval: 2, ...BOUNDS };

describe("scales, counters and gradients are those of torch.amp.GradScaler, to the bit", () => {
  test.each(Object.entries(runs))("%s", (_, { steps, ...options }) => {
    const scaler = new LossScaler({ ...options, ...BOUNDS });
    for (const [at, { overflow, scaled, gradient, used, scale, clean }] of steps.entries()) {
      expect(scaler.scale).toBe(Math.fround(used));
      const tensor = floatTensor([2], [scaled ?? Infinity, 0]);
      const isFinite = scaler.unscale(new Map([["finite", zeros([3])], ["w", tensor]])); // prettier-ignore
      expect(isFinite).toBe(!overflow);
      expect(tensor.data[0]).toBe(gradient === null ? Infinity : Math.fround(gradient));
      scaler.update({ isFinite, step: at + 1 });
      expect([scaler.scale, scaler.state().get("counts")?.data[0]]).toEqual([scale, clean]);
    }
    expect(scaler.skipped).toBe(steps.filter(({ overflow }) => overflow).length);
  });
});

test("its state comes back as it was; that of a run without scaling changes nothing", () => {
  const scaler = new LossScaler({ ...DEFAULTS, initialScale: 1000, backoffFactor: 0.3 });
  for (const isFinite of [false, true]) scaler.update({ isFinite, step: 1 });
  const other = new LossScaler(DEFAULTS);
  other.load(new Map());
  expect(other.scale).toBe(8);
  other.load(scaler.state());
  expect(other.state()).toEqual(scaler.state());
  other.update({ isFinite: true, step: 2 });
  expect([other.scale, other.skipped]).toEqual([600, 1]);
});

test("not a number counts as overflow", () => {
  expect(new LossScaler(DEFAULTS).unscale(new Map([["w", floatTensor([1], [Number.NaN])]]))).toBe(false);
});

describe("a run that learns nothing any more ends, with the way out", () => {
  test.each([
    ["too many skipped steps in a row", { ...DEFAULTS, maximumSkippedSteps: 2 }, 3, /3 steps in a row.*maximumSkippedSteps/],
    ["a scale that is too small", { ...DEFAULTS, minimumScale: 3 }, 2, /fell to 2.*minimumScale/],
  ])("%s", async (_, options, step, message) => {
    const scaler = new LossScaler(options);
    for (let done = 1; done < step; done++) scaler.update({ isFinite: false, step: done });
    const error = await thrownBy(() => Promise.resolve().then(() => scaler.update({ isFinite: false, step })));
    expect(error).toBeInstanceOf(TrainingError);
    expect((error as TrainingError).message).toMatch(message);
    expect((error as TrainingError).message).toMatch(/"precision": "bfloat16" or "float32"/);
    expect((error as TrainingError).details).toMatchObject({ step });
  });

  test("one step that goes well begins the count anew", () => {
    const scaler = new LossScaler({ ...DEFAULTS, initialScale: 1024, maximumSkippedSteps: 2 });
    for (const isFinite of [false, false, true, false, false]) scaler.update({ isFinite, step: 1 });
    expect(scaler.skipped).toBe(4);
  });
});
