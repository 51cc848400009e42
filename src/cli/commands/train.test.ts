import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { writeMadeUpPairs } from "../../../test/support/data/made-up-pairs.ts";
import { runPolyvec, runPolyvecJson } from "../../../test/support/run-polyvec.ts";
import { EXAMPLE_WORDS, writeExamples, writeRecipe } from "../../../test/support/training/recipe-file.ts";
import { saveTinyBase } from "../../../test/support/training/tiny-run.ts";
import { loadModel } from "../../embed/load-model.ts";

vi.setConfig({ testTimeout: 120_000 });

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "polyvec-train-"));
  await saveTinyBase(root);
  await writeExamples(
    root,
    EXAMPLE_WORDS.map((text, index) => ({ query: { text, instruction: "find" }, positive: { text: `${text} of ${index}` } })),
  );
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** A recipe on six examples. @returns its file. */
const recipeFile = (name: string, fields: Readonly<Record<string, unknown>> = {}): Promise<string> => writeRecipe(root, name, fields);

describe("polyvec train", () => {
  test("trains a user's own examples to a model that embeds", async () => {
    const out = join(root, "run");
    const {
      code,
      out: printed,
      err,
    } = await runPolyvec("train", await recipeFile("mine"), "--out", out, "--threads", "1", "--dtype", "float16");
    expect([code, printed]).toEqual([0, `trained 3 steps; the model is in ${join(out, "model")}\n`]);
    expect(err).toMatch(
      /^train mine: [\d.]+ K parameters, [\d.]+ K of them trained\nprefixes scaled to [\d.]+: the paths start at a mean cosine of 0\.(7|8)\d+\n/,
    );
    expect(err).toMatch(/train mine 3\/3 steps, loss [\d.]+, P@1 [\d.]+ %, .*inputs\/s, took/);
    await using model = await loadModel(join(out, "model"), { threads: 1 });
    const [embedding] = await model.embed([{ text: "a happy cat" }]);
    expect(embedding?.paths).toHaveLength(2);
  });

  test("trains a folder in MMEB's layout, images out of its archive, and goes on after an interruption as if there were none", async () => {
    await writeMadeUpPairs(join(root, "mmeb"));
    const data = { kind: "mmeb", path: "mmeb", batchSize: 4, rowsTogether: 2 };
    const file = await recipeFile("mmeb", { data, steps: 4, chunkSize: 2 });
    const losses = async (out: string): Promise<unknown[]> => {
      const lines = (await readFile(join(out, "metrics.jsonl"), "utf8")).trim().split("\n");
      const events = lines.map((line) => JSON.parse(line) as { type: string; step: number; loss?: number });
      return events.flatMap(({ type, step, loss }) => (type === "step" ? [[step, loss]] : []));
    };
    const [whole, parts] = [join(root, "mmeb-whole"), join(root, "mmeb-parts")];
    expect((await runPolyvec("train", file, "--out", whole, "--threads", "1")).code).toBe(0);
    expect((await runPolyvec("train", file, "--out", parts, "--threads", "1", "--steps", "2")).code).toBe(0);
    expect((await runPolyvec("train", file, "--out", parts, "--threads", "1", "--resume")).code).toBe(0);
    expect(await losses(whole)).toHaveLength(4);
    const [first, , third] = (await losses(whole)) as [number, number][];
    expect((await losses(parts))[0]).toEqual(first);
    expect(((await losses(parts)) as [number, number][]).map(([step]) => step)).toEqual([1, 2, 3, 4]);
    expect(third).toBeDefined();
  });

  test("tells every event as a line of JSON, and takes seed and steps in place of the recipe's", async () => {
    const out = join(root, "json");
    const { code, values } = await runPolyvecJson(
      "train",
      await recipeFile("json"),
      "--out",
      out,
      "--threads",
      "1",
      "--seed",
      "7",
      "--steps",
      "2",
    );
    expect(code).toBe(0);
    expect(values.map((value) => (value as { type: string }).type)).toEqual([
      "begin",
      "calibration",
      "step",
      "checkpoint",
      "step",
      "checkpoint",
      "end",
    ]);
    expect(values.at(-1)).toEqual({ type: "end", status: "finished", step: 2, folder: out, model: join(out, "model") });
    expect(JSON.parse(await readFile(join(out, "config.json"), "utf8"))).toMatchObject({ seed: 7, steps: 2 });
  });

  test("only looks with --dry-run: the whole recipe, what is trained, what a step costs", async () => {
    const file = await recipeFile("dry", { model: { base: "base", lora: { rank: 2, alpha: 4, targetModules: ["q_proj"] } } });
    const { code, values } = await runPolyvecJson("train", file, "--dry-run", "--steps", "9");
    expect(code).toBe(0);
    const [plan] = values as [
      { recipe: unknown; parameters: Record<string, { total: number; trained: number }>; step: { inputs: number; flops: number } },
    ];
    expect(plan.recipe).toMatchObject({ name: "dry", steps: 9, optimizer: { decay: "cosine" }, checkpointEverySteps: 1 });
    expect(plan.parameters["adapters"]).toEqual({ total: 2 * 2 * (2 * 32), trained: 2 * 2 * (2 * 32) });
    expect(plan.parameters["vision"]?.trained).toBe(0);
    expect(plan.parameters["all"]?.trained).toBe(256);
    expect([plan.step.inputs, plan.step.flops > 1e6]).toEqual([8, true]);
    const { out } = await runPolyvec("train", file, "--dry-run");
    expect(out).toMatch(
      /"name": "dry"[\s\S]*adapters +\S* *256 +\S* *256[\s\S]*a step: 8 inputs, [\d.]+ MFLOP of matrix products, forward and backward \(mean of 20 batches\)\n/,
    );
    expect((await readdir(root)).filter((name) => name.startsWith("dry"))).toEqual(["dry.json"]);
  });

  test("says what is missing or wrong", async () => {
    const file = await recipeFile("wrong", { stepz: 3 });
    expect(await runPolyvec("train", file)).toMatchObject({ code: 2, err: expect.stringMatching(/--out.*--dry-run/) as unknown });
    expect(await runPolyvec("train", file, "--out", join(root, "wrong"))).toMatchObject({
      code: 1,
      err: expect.stringMatching(/stepz.*did you mean steps\?/) as unknown,
    });
    const taken = await runPolyvec("train", await recipeFile("mine"), "--out", join(root, "run"));
    expect(taken).toMatchObject({ code: 1, err: expect.stringMatching(/holds a run already.*--resume/) as unknown });
    const lost = await runPolyvec(
      "train",
      await recipeFile("lost", { optimizer: { learningRate: 1e30, clipNorm: 1e30 } }),
      "--out",
      join(root, "lost"),
    );
    expect(lost.code).toBe(1);
    expect(lost.err).toMatch(/error \(training\): step \d.*smaller optimizer\.learningRate/);
  });
});

test("Ctrl-C ends it after a checkpoint, with the command that goes on", async () => {
  const file = await recipeFile("long", { steps: 5000, checkpointEverySteps: 1000 });
  const out = join(root, "long");
  const main = fileURLToPath(new URL("../main.ts", import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", main, "train", file, "--out", out, "--threads", "1", "--json"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { last, err } = await interruptAtStep(child);
  expect(child.exitCode).toBe(130);
  const { error } = JSON.parse(err) as { error: { code: string; message: string } };
  expect(error).toMatchObject({
    code: "aborted",
    message: `stopped after step ${last}; a checkpoint is written. Go on with: polyvec train ${file} --out ${out} --threads 1 --resume`,
  });
  const again = await runPolyvec("train", file, "--out", out, "--threads", "1", "--resume", "--steps", String(last + 1));
  expect(again.out).toMatch(`trained ${last + 1} steps`);
  expect(again.err).toMatch(`going on after step ${last}`);
});

/** Interrupts a training at its first step. @returns the last step that it told of, and what it said on stderr. */
async function interruptAtStep(child: ChildProcess): Promise<{ last: number; err: string }> {
  let [last, err] = [0, ""];
  child.stderr?.on("data", (text: Buffer) => (err += text.toString()));
  const closed = once(child, "close");
  for await (const line of createInterface({ input: child.stdout as NonNullable<ChildProcess["stdout"]> })) {
    const event = JSON.parse(line) as { type: string; step: number };
    if (event.type !== "step") continue;
    if (last === 0) child.kill("SIGINT");
    last = event.step;
  }
  await closed;
  return { last, err };
}
