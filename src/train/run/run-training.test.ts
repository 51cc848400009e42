import { mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { loggedNumbers, saveTinyBase, tinyRecipe, tinyRun, tinySource } from "../../../test/support/training/tiny-run.ts";
import { thrownBy } from "../../../test/support/thrown-by.ts";
import { AbortedError, ConfigError, TrainingError } from "../../errors/families.ts";
import { openModelFolder } from "../../model/folder/open-model-folder.ts";
import type { RunEvent } from "./run-events.ts";
import type { RunOptions, RunResult } from "./run-options.ts";
import { runTraining } from "./run-training.ts";

vi.setConfig({ testTimeout: 300_000 });

let root = "";
let baseFolder = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "polyvec-run-"));
  baseFolder = await saveTinyBase(root);
});
afterAll(() => rm(root, { recursive: true, force: true }));

const newFolder = (): Promise<string> => mkdtemp(join(root, "run-"));

const DROPPING_MODEL = {
  paths: { count: 2, prefixLength: 2, prefixScale: 2 },
  lora: { rank: 2, alpha: 4, targetModules: ["q_proj", "down_proj"], dropout: 0.3 },
};

/** Runs a tiny training; `stopAfter` interrupts it after that step. */
async function train(
  options: Partial<RunOptions> & Pick<RunOptions, "out"> & { readonly stopAfter?: number },
): Promise<RunResult & { readonly events: RunEvent[] }> {
  const stop = new AbortController();
  const events: RunEvent[] = [];
  const onEvent = (event: RunEvent): void => {
    events.push(event);
    if (event.type === "step" && event.step === options.stopAfter) stop.abort();
  };
  return { ...(await runTraining(tinyRun({ baseFolder, signal: stop.signal, onEvent, ...options }))), events };
}

async function weightsOf(folder: string): Promise<Map<string, number[]>> {
  await using model = await openModelFolder(folder);
  const weights = new Map<string, number[]>();
  for (const name of model.weights.shapes.keys()) weights.set(name, [...(await model.weights.read(name)).data]);
  return weights;
}

describe("a resumed run", () => {
  test.each([
    ["AdamW", {}],
    ["Muon", { optimizer: { kind: "muon", learningRate: 1e-2 } }],
    ["dropout", { model: DROPPING_MODEL, chunkSize: { queries: 2, targets: 4 }, recompute: true }],
  ])("with %s logs the very numbers of one that was never stopped, and ends with the same model", async (_, fields) => {
    const recipe = tinyRecipe(fields);
    const evaluate = (): Promise<Record<string, number>> => Promise.resolve({ aggregate: 0.5 });
    const whole = await newFolder();
    await train({ out: whole, recipe, evaluate });
    const out = await newFolder();
    const first = await train({ out, recipe, evaluate, stopAfter: 3 });
    expect(first).toMatchObject({ status: "interrupted", step: 3, folder: out, model: undefined });
    const second = await train({ out, recipe, evaluate, resume: true });
    expect(second).toMatchObject({ status: "finished", step: 6 });
    const rows = await loggedNumbers(out);
    expect(rows.map(({ type, step }) => [type, step])).toEqual(
      [1, 2, 3, 4, 5, 6].map((step) => ["step", step]).concat([["evaluation", 6]]),
    );
    expect(rows).toEqual(await loggedNumbers(whole));
    expect(await weightsOf(join(out, "model"))).toEqual(await weightsOf(join(whole, "model")));
  });

  test("does not replay the data", async () => {
    const out = await newFolder();
    const recipe = tinyRecipe({ accumulation: 2, steps: 4 });
    const [first, second] = [tinySource(), tinySource()];
    await train({ out, recipe, source: first, stopAfter: 2 });
    await train({ out, recipe, source: second, resume: true });
    expect([first.asked, second.asked]).toEqual([[0, 1, 2, 3, 4], [4, 5, 6, 7]]); // prettier-ignore
  });
});

describe("a run that is stopped", () => {
  test("before its first step keeps its start, and an evaluation that was cut off comes again", async () => {
    const out = await newFolder();
    const recipe = tinyRecipe({ steps: 2, evaluateEverySteps: 1 });
    const stop = new AbortController();
    stop.abort();
    expect(await train({ out, recipe, signal: stop.signal })).toMatchObject({ status: "interrupted", step: 0 });
    const cut = new AbortController();
    const evaluate = (): Promise<never> => {
      cut.abort();
      return Promise.reject(new AbortedError({ message: "stopped" }));
    };
    expect(await train({ out, recipe, resume: true, evaluate, signal: cut.signal })).toMatchObject({ status: "interrupted", step: 1 });
    await train({ out, recipe, resume: true, evaluate: () => Promise.resolve({ aggregate: 1 }) });
    const rows = await loggedNumbers(out);
    expect(rows.map(({ type, step }) => `${String(type)} ${String(step)}`)).toEqual(["step 1", "evaluation 1", "step 2", "evaluation 2"]);
  });

  test("by a loss that is no number names the step, and leaves the checkpoint before it as it was", async () => {
    const out = await newFolder();
    const recipe = tinyRecipe({ optimizer: { learningRate: 1e-3, decay: "constant" }, checkpointEverySteps: 1, steps: 2 });
    await train({ out, recipe });
    const before = await readdir(join(out, "checkpoints"));
    const lost = { ...recipe, steps: 5, optimizer: { ...recipe.optimizer, learningRate: 1e30 } };
    const error = await thrownBy(() => train({ out, recipe: { ...lost, checkpointEverySteps: 100 }, resume: true }));
    expect(error).toBeInstanceOf(TrainingError);
    expect((error as TrainingError).details["step"]).toBeGreaterThan(2);
    expect((error as TrainingError).message).toMatch(
      /^step [345].*(loss|gradient|weight).*Resume from the last checkpoint with a smaller optimizer.learningRate/,
    );
    expect(await readdir(join(out, "checkpoints"))).toEqual(before);
    const mended = await train({ out, recipe: { ...recipe, steps: 4 }, resume: true });
    expect(mended.status).toBe("finished");
    expect(await loggedNumbers(out)).toContainEqual({
      type: "change",
      step: 2,
      changes: expect.arrayContaining([{ field: "steps", from: 5, to: 4 }]) as unknown,
    });
  });
});

describe("a folder", () => {
  test("that a run is in is refused: to a second one at the same time, without --resume, and to another recipe", async () => {
    const out = await newFolder();
    const recipe = tinyRecipe({ steps: 2 });
    const both = await Promise.allSettled([train({ out, recipe }), train({ out, recipe })]);
    expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(both.find((result) => result.status === "rejected")?.reason).toMatchObject({
      code: "training",
      message: expect.stringMatching(/in use by process/) as unknown,
    });
    const again = await thrownBy(() => train({ out, recipe }));
    expect(again).toBeInstanceOf(TrainingError);
    expect((again as Error).message).toMatch(/holds a run already.*--resume, or choose another folder/);
    const foreign = await thrownBy(() =>
      train({ out, recipe: tinyRecipe({ steps: 2, seed: 9, data: { kind: "emoji-tasks", batchSize: 7 } }), resume: true }),
    );
    expect(foreign).toBeInstanceOf(TrainingError);
    expect((foreign as Error).message).toMatch(
      /another recipe \(seed is 9, begun with 1; data.batchSize is 7, begun with 6\).*config.json/,
    );
    await rm(join(out, "config.json"));
    const unknown = await thrownBy(() => train({ out, recipe, resume: true }));
    expect((unknown as Error).message).toMatch(/steps but no config.json/);
    await writeFile(join(out, "config.json"), "{");
    expect(await thrownBy(() => train({ out, recipe, resume: true }))).toBeInstanceOf(ConfigError);
  });

  test("of a run that failed before its first step is free, for a mended recipe too; one that holds something else is not", async () => {
    const out = await newFolder();
    await thrownBy(() => train({ out, recipe: tinyRecipe({ steps: 1 }), baseFolder: join(root, "no-such-base") }));
    expect(await readdir(out)).toContain("config.json");
    expect(await train({ out, recipe: tinyRecipe({ steps: 1, seed: 2 }) })).toMatchObject({ status: "finished", step: 1 });
    expect(JSON.parse(await readFile(join(out, "config.json"), "utf8"))).toMatchObject({ seed: 2 });
    const model = await newFolder();
    await writeFile(join(model, "config.json"), '{"model_type": "qwen2_vl"}');
    expect(await thrownBy(() => train({ out: model, recipe: tinyRecipe({ steps: 1 }) }))).toBeInstanceOf(ConfigError);
    expect(await readFile(join(model, "config.json"), "utf8")).toBe('{"model_type": "qwen2_vl"}');
  });

  test("whose newest checkpoint is damaged goes on from the one before, with a warning, to the same numbers", async () => {
    const out = await newFolder();
    const recipe = tinyRecipe({ steps: 4 });
    await train({ out, recipe });
    const expected = await loggedNumbers(out);
    await writeFile(join(out, "checkpoints", "step-000004", "weights.safetensors"), "cut");
    const { events } = await train({ out, recipe, resume: true });
    const warning = events.find(({ type }) => type === "warning");
    expect(warning).toMatchObject({
      kind: "checkpoint-damaged",
      step: 2,
      message: expect.stringMatching(/step 4 is damaged.*goes on from step 2/) as unknown,
    });
    expect(events.filter(({ type }) => type === "step")).toHaveLength(2);
    expect((await loggedNumbers(out)).filter(({ type }) => type !== "warning")).toEqual(expected);
  });
});

test("a checkpoint of another model is refused by the tensor that does not fit", async () => {
  const out = await newFolder();
  const other = await newFolder();
  await train({ out, recipe: tinyRecipe({ steps: 2 }) });
  await train({ out: other, recipe: tinyRecipe({ steps: 2, model: { paths: { count: 2, prefixLength: 3, prefixScale: 2 } } }) });
  await rm(join(out, "checkpoints"), { recursive: true });
  await rename(join(other, "checkpoints"), join(out, "checkpoints"));
  const error = await thrownBy(() => train({ out, recipe: tinyRecipe({ steps: 4 }), resume: true }));
  expect(error).toBeInstanceOf(TrainingError);
  expect((error as TrainingError).details).toEqual({ tensor: expect.stringMatching(/^paths\..*prefix/) as unknown });
  expect((error as TrainingError).message).toMatch(/belongs to another recipe. Use another run folder, or the recipe it was made with/);
});

test("calibration reaches the cosine it aims at, and is kept with the run and the model", async () => {
  const out = await newFolder();
  const paths = { count: 3, prefixLength: 2, targetCosine: 0.7 };
  const recipe = tinyRecipe({ model: { paths }, steps: 1, objective: { regulariser: { kind: "none" } } });
  const { events } = await train({ out, recipe });
  const calibration = JSON.parse(await readFile(join(out, "calibration.json"), "utf8")) as { scale: number; cosine: number };
  expect(Math.abs(calibration.cosine - 0.7)).toBeLessThan(0.02);
  expect(events).toContainEqual({ type: "calibration", ...calibration });
  await using model = await openModelFolder(join(out, "model"));
  expect(model.polyvec.provenance).toMatchObject({ recipe: { name: "tiny", model: { paths } }, steps: 1, calibration });
  expect(model.polyvec.maxTokens).toBe(96);
});

test("a calibration that cannot reach its cosine is warned of", async () => {
  const recipe = tinyRecipe({
    model: { paths: { count: 2, prefixLength: 1, targetCosine: 0.001 } },
    steps: 1,
    objective: { regulariser: { kind: "none" } },
  });
  const { events } = await train({ out: await newFolder(), recipe });
  expect(events.find(({ type }) => type === "warning")).toMatchObject({
    kind: "calibration-off",
    step: 0,
    message: expect.stringMatching(/targetCosine/) as unknown,
  });
});

test.each<[string, Readonly<Record<string, unknown>>, RegExp]>([
  ["frozen parts", { freeze: ["vision", "decoder", "embeddings"] }, /^paths\./],
  ["everything under adapters", { lora: { rank: 2, alpha: 4, targetModules: ["q_proj"] } }, /^paths\.|lora_/],
  ["everything under adapters with magnitudes", { lora: { rank: 2, alpha: 4, targetModules: ["q_proj"], dora: true } }, /^paths\.|lora_/],
  ["the vision tower alone", { freeze: ["vision"] }, /^(?!visual\.)/],
])("%s: the base's tensors stay as they are", async (_, model, changes) => {
  const out = await newFolder();
  await train({ out, recipe: tinyRecipe({ model, steps: 3 }) });
  const [before, after] = [await weightsOf(baseFolder), await weightsOf(join(out, "model"))];
  for (const [name, values] of before) {
    if (changes.test(name)) continue;
    expect(after.get(name), name).toEqual(values);
  }
  const moved = [...before].filter(([name, values]) => JSON.stringify(after.get(name)) !== JSON.stringify(values));
  expect(moved.length > 0).toBe(changes.test("model.layers.0.self_attn.q_proj.weight"));
});

test("a recipe that trains nothing, or adapts layers that are not there, is refused", async () => {
  const nothing = { freeze: ["vision", "decoder", "embeddings"], paths: { count: 1 } };
  const frozen = await thrownBy(async () => train({ out: await newFolder(), recipe: tinyRecipe({ model: nothing }) }));
  expect(frozen).toBeInstanceOf(ConfigError);
  expect((frozen as ConfigError).details).toMatchObject({ field: "model.freeze" });
  const adapted = await thrownBy(async () =>
    train({ out: await newFolder(), recipe: tinyRecipe({ model: { lora: { rank: 1, alpha: 1, targetModules: ["q_prj"] } } }) }),
  );
  expect(adapted).toBeInstanceOf(ConfigError);
  expect((adapted as ConfigError).message).toMatch(/q_prj.*did you mean q_proj\?/);
});
