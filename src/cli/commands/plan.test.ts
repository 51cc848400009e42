import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { runPolyvec, runPolyvecJson } from "../../../test/support/run-polyvec.ts";
import { writeExamples, writeRecipe } from "../../../test/support/training/recipe-file.ts";
import { saveTinyBase } from "../../../test/support/training/tiny-run.ts";
import type { RunPlans } from "../planning/plan-both.ts";

vi.setConfig({ testTimeout: 120_000 });

let root = "";
let file = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "polyvec-plan-"));
  await saveTinyBase(root);
  // a base whose weights are not there yet
  await cp(join(root, "base"), join(root, "settings"), { recursive: true, filter: (source) => !source.endsWith(".safetensors") });
  await writeExamples(
    root,
    Array.from({ length: 8 }, (_, index) => ({ query: { text: `cat ${index}` }, positive: { text: `a cat of ${index}` } })),
  );
  file = await writeRecipe(root, "planned", {
    model: { base: "settings", paths: { count: 2, prefixLength: 2 } },
    steps: 300,
    chunkSize: 2,
  });
});
afterAll(() => rm(root, { recursive: true, force: true }));

test("a training beside its single-path baseline, before the base's weights are there", async () => {
  const { code, values } = await runPolyvecJson("plan", file, "--machines", "h100", "t4", "--threads", "1");
  expect(code).toBe(0);
  const { plan, baseline } = values[0] as Required<RunPlans>;
  expect(plan.step.inputs).toBe(8);
  expect(plan.flops).toBe(300 * plan.step.flops);
  // all paths run the whole decoder; what they share is the text's table
  expect(plan.step.flops / baseline.step.flops).toBeGreaterThan(1.9);
  expect(plan.parameters.paths.trained).toBeGreaterThan(0);
  expect(baseline.parameters.paths.total).toBe(0);
  const { weights, gradients, optimizer, all, ...others } = plan.memory;
  // trained in chunks: a chunk's gradients and their sum
  expect([gradients, optimizer]).toEqual([2 * weights, 2 * weights]);
  expect(all).toBe(weights + gradients + optimizer + others.activations + others.program);
  expect(plan.times.map(({ machine }) => machine.isMeasured)).toEqual([true, false, false]);
  for (const { seconds, stepSeconds } of plan.times) expect(seconds).toBeCloseTo(300 * stepSeconds, 9);
});

test("reads as a table, and names what it does not know", async () => {
  const { code, out } = await runPolyvec("plan", file, "--machines", "a100", "--steps", "20");
  expect(code).toBe(0);
  expect(out).toMatch(/^planned: 20 steps of 8 inputs/);
  expect(out).toMatch(/this recipe +single path/);
  expect(out).toMatch(/products in all +[\d.]+ [MG]FLOP/);
  expect(out).toMatch(/time, NVIDIA A100 80 GB/);
  expect(await runPolyvec("plan", file, "--machines", "h1")).toMatchObject({
    code: 2,
    err: expect.stringContaining("one of h200, h100") as unknown,
  });
});

test("plans without the data, on inputs that are assumed", async () => {
  const far = await writeRecipe(root, "far", {
    model: { base: "settings", lora: { rank: 2, alpha: 4, targetModules: ["q_proj"] } },
    data: { kind: "mmeb", path: "nobody/Nothing", batchSize: 64 },
    steps: 10,
    chunkSize: 2,
    recompute: true,
  });
  const { values, code } = await runPolyvecJson("plan", far, "--machines", "t4", "--inputs", "30x20+12");
  expect(code).toBe(0);
  const { plan, baseline } = values[0] as RunPlans;
  expect(baseline).toBeUndefined();
  expect([plan.step.inputs, plan.batches]).toEqual([128, { drawn: 1, captions: 0, isAssumed: true }]);
  expect(plan.parameters.all.trained).toBe(plan.parameters.adapters.trained);
  expect(await runPolyvec("plan", far, "--inputs", "large")).toMatchObject({
    code: 2,
    err: expect.stringContaining("such as 672x448+40") as unknown,
  });
});
