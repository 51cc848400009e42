import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { loggedNumbers, saveTinyBase, tinyRecipe, tinyRun, type TinyRecipeFields } from "../../../test/support/training/tiny-run.ts";
import { thrownBy } from "../../../test/support/thrown-by.ts";
import { tinyBatchOf } from "../../../test/support/training/tiny-trainable.ts";
import { present, TrainingError } from "../../errors/families.ts";
import type { BatchSource } from "../batch-source.ts";
import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import { loadLatestCheckpoint } from "../checkpoint/load-checkpoint.ts";
import { runTraining } from "./run-training.ts";

vi.setConfig({ testTimeout: 300_000 });

let root = "";
let baseFolder = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "polyvec-precision-"));
  baseFolder = await saveTinyBase(root);
});
afterAll(() => rm(root, { recursive: true, force: true }));

const LORA = { rank: 4, alpha: 8, targetModules: ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"] };

/** Small batches, each other ones. */
const TEXTS: BatchSource = { batch: (step) => tinyBatchOf("text", "text", { count: 4, hardNegatives: step % 2, seed: 10 + step }) };

/** Runs a tiny training. @param stopAfter interrupts it after that step. @returns its folder, and what it logged. */
async function train(
  fields: TinyRecipeFields,
  { out, stopAfter, resume = false }: { readonly out?: string; readonly stopAfter?: number; readonly resume?: boolean } = {},
): Promise<{ readonly out: string; readonly rows: readonly Record<string, unknown>[] }> {
  const folder = out ?? (await mkdtemp(join(root, "run-")));
  const stop = new AbortController();
  const onEvent = (event: { readonly type: string; readonly step?: number }): void => {
    if (event.type === "step" && event.step === stopAfter) stop.abort();
  };
  await runTraining(tinyRun({ baseFolder, out: folder, recipe: tinyRecipe(fields), source: TEXTS, resume, onEvent, signal: stop.signal }));
  return { out: folder, rows: (await loggedNumbers(folder)).filter(({ type }) => type === "step") };
}

const losses = (rows: readonly Record<string, unknown>[]): number[] => rows.map(({ loss }) => loss as number);

describe("a run's losses follow those of float32", () => {
  // what rounding changes a number by, times what eight steps of a rate of 1e-3 make of it
  test.each([
    ["float16", 2 ** -11 * 8],
    ["bfloat16", 2 ** -8 * 8],
  ] as const)("%s", async (precision, tolerance) => {
    const fields = { steps: 8, model: { base: "base", lora: LORA, paths: { count: 2, prefixLength: 2, prefixScale: 2 } } };
    const exact = losses((await train(fields)).rows);
    const mixed = losses((await train({ ...fields, precision, lossScaling: { initialScale: 256 } })).rows);
    expect(mixed).toHaveLength(8);
    for (const [at, loss] of mixed.entries()) expect(Math.abs(loss - (exact[at] ?? NaN)) / (exact[at] ?? NaN)).toBeLessThan(tolerance);
    expect(mixed).not.toEqual(exact);
  });
});

describe("a loss scale in float16", () => {
  const scaled = {
    precision: "float16",
    chunkSize: 3,
    recompute: true,
    accumulation: 2,
    lossScaling: { initialScale: 2 ** 24, growthInterval: 2 },
  };

  test("that is far too large is made smaller, step by step, and the run recovers", async () => {
    const { rows, out } = await train({ ...scaled, steps: 20, lossScaling: { ...scaled.lossScaling, maximumSkippedSteps: 40 } });
    const skipped = rows.filter(({ isSkipped }) => isSkipped === true);
    expect(skipped.length).toBeGreaterThan(3);
    expect(rows[0]).toMatchObject({ isSkipped: true, lossScale: 2 ** 24, skippedSteps: 1 });
    expect(rows[1]).toMatchObject({ lossScale: 2 ** 23 });
    for (const row of skipped) expect(row).not.toHaveProperty("gradientNorm");
    const taken = rows.filter(({ isSkipped }) => isSkipped !== true);
    expect(taken.length).toBeGreaterThan(3);
    for (const { gradientNorm, loss } of taken) expect([Number.isFinite(gradientNorm), Number.isFinite(loss)]).toEqual([true, true]);
    const counted = rows.at(-1)?.["skippedSteps"];
    expect(counted).toBe(skipped.length);
    const { checkpoint } = await loadLatestCheckpoint(join(out, "checkpoints"));
    expect(checkpoint?.scaler?.get("counts")?.data[2]).toBe(counted);
  });

  test("a skipped step moves nothing", async () => {
    const once = { ...scaled, steps: 1, optimizer: { weightDecay: 0.5 }, checkpointEverySteps: 1 };
    const checkpointAfter = async (fields: TinyRecipeFields): Promise<Checkpoint> =>
      present((await loadLatestCheckpoint(join((await train(fields)).out, "checkpoints"))).checkpoint, "a checkpoint");
    const skipped = await checkpointAfter(once);
    const fixed = await checkpointAfter({ ...once, optimizer: { learningRate: 1e-300, weightDecay: 0 }, precision: "float32" });
    expect(skipped.optimizer.size).toBe(0);
    expect(skipped.weights.size).toBeGreaterThan(10);
    const plainZeros = ({ weights }: Checkpoint): unknown =>
      [...weights].map(([name, { data }]) => [name, [...data].map((value) => Number(value) + 0)]);
    expect(plainZeros(skipped)).toEqual(plainZeros(fixed)); // -0 comes of a step of next to nothing
  });

  test("is resumed as it was: the very numbers of a run that was never stopped, between skipped steps too", async () => {
    const fields = { ...scaled, steps: 11, checkpointEverySteps: 3, lossScaling: { ...scaled.lossScaling, initialScale: 2 ** 20 } };
    const whole = await train(fields);
    expect(new Set(whole.rows.map(({ isSkipped }) => isSkipped))).toEqual(new Set([true, undefined]));
    const out = await mkdtemp(join(root, "run-"));
    await train(fields, { out, stopAfter: 4 });
    await train(fields, { out, stopAfter: 8, resume: true });
    const { rows } = await train(fields, { out, resume: true });
    expect(rows).toEqual(whole.rows);
  });

  test("that never fits ends the run, its checkpoints left, and a run goes on in bfloat16", async () => {
    const out = await mkdtemp(join(root, "run-"));
    const fields = {
      precision: "float16",
      steps: 6,
      checkpointEverySteps: 1,
      lossScaling: { initialScale: 2 ** 60, maximumSkippedSteps: 3 },
    };
    const error = await thrownBy(() => train(fields, { out }));
    expect(error).toBeInstanceOf(TrainingError);
    expect((error as Error).message).toMatch(/^step 4: .*"precision": "bfloat16"/);
    expect((await readdir(join(out, "checkpoints"))).sort().at(-1)).toBe("step-000003");
    const { rows } = await train({ ...fields, precision: "bfloat16" }, { out, resume: true });
    expect(rows.map(({ isSkipped }) => isSkipped)).toEqual([true, true, true, undefined, undefined, undefined]);
  });
});

test("a loss that is no number is an error in float16 too, and says what helps", async () => {
  const lost = { ...tinyRecipe({ precision: "float16" }), steps: 1, objective: { ...tinyRecipe().objective, temperature: 1e-40 } };
  const source = { batch: () => tinyBatchOf("text", "text", { count: 4 }) };
  const out = await mkdtemp(join(root, "run-"));
  const error = await thrownBy(() => runTraining(tinyRun({ baseFolder, out, recipe: lost, source })));
  expect((error as Error).message).toMatch(/the loss is .*No scale of the loss mends that.*bfloat16/);
});
