import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { EXAMPLE_WORDS, writeExamples, writeRecipe } from "../../../test/support/training/recipe-file.ts";
import { findMpiRun, runJob, type JobOptions, type JobResult } from "../../../test/support/training/mpirun.ts";
import { trainInProcess } from "../../../test/support/training/train-process.ts";
import { loggedNumbers, saveTinyBase, tinyRun } from "../../../test/support/training/tiny-run.ts";
import { runPolyvec } from "../../../test/support/run-polyvec.ts";
import { findCheckpoints } from "../checkpoint/checkpoint-folder.ts";
import { lockFolder } from "../../files/run-lock.ts";
import { runTraining } from "../run/run-training.ts";
import { present } from "../../errors/families.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 });

const SCRIPT = fileURLToPath(new URL("../../../test/fixtures/training/train-tiny.ts", import.meta.url));

const mpirun = findMpiRun();

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "polyvec-mpi-"));
  await saveTinyBase(root);
  const pairs = Array.from({ length: 24 }, (_, index) => ({
    query: { text: `${EXAMPLE_WORDS[index % 6]} ${index}`, instruction: "find" },
    positive: { text: `${EXAMPLE_WORDS[(index * 5) % 6]} of ${index}` },
  }));
  await writeExamples(root, pairs);
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** Two paths and vCLUB on batches of twelve. @returns the recipe's file. */
function recipeFile(name: string, fields: Readonly<Record<string, unknown>> = {}): Promise<string> {
  return writeRecipe(root, name, {
    data: { kind: "examples", file: "examples.jsonl", batchSize: 12 },
    objective: { temperature: 0.1, regulariser: { kind: "vclub", hiddenWidth: 8 } },
    optimizer: { learningRate: 1e-3, decay: "constant" },
    steps: 8,
    checkpointEverySteps: 5,
    ...fields,
  });
}

function train(file: string, out: string, options: JobOptions & { readonly more?: readonly string[] }): Promise<JobResult> {
  const args = ["train", file, "--out", join(root, out), "--threads", "1", "--json", ...(options.more ?? [])];
  return runJob(present(mpirun, "mpirun"), args, options);
}

async function trainAlone(file: string, out: string, ...more: readonly string[]): Promise<void> {
  const { code, err } = await runPolyvec("train", file, "--out", join(root, out), "--threads", "1", ...more);
  expect([code, err]).toEqual([0, expect.not.stringContaining("error")]);
}

/** The largest relative difference between two runs' losses and norms of gradients, which have the same steps. */
async function largestDifference(one: string, other: string): Promise<number> {
  const [a, b] = await Promise.all(
    [one, other].map(async (out) => (await loggedNumbers(join(root, out))).filter(({ type }) => type === "step")),
  );
  expect(b?.map(({ step }) => step)).toEqual(a?.map(({ step }) => step));
  const numbers = (steps: typeof a): number[] =>
    (steps ?? []).flatMap(({ loss, pathLosses }) => [loss as number, ...((pathLosses ?? []) as number[])]);
  const [expected, got] = [numbers(a), numbers(b)];
  return Math.max(...expected.map((value, at) => Math.abs(value - (got[at] ?? Number.NaN)) / Math.abs(value)));
}

const stepOf = (line: string): number => {
  const event = line.startsWith("{") ? (JSON.parse(line) as { type: string; step: number }) : { type: "", step: 0 };
  return event.type === "step" ? event.step : 0;
};

describe.skipIf(mpirun === undefined)(`several processes (${mpirun?.description ?? "left out: no mpirun on this machine"})`, () => {
  test.each([
    ["whole shares", [2], {}],
    ["chunks", [2, 4], { chunkSize: 3 }],
    [
      "accumulation and LoRA",
      [2],
      {
        chunkSize: 5,
        accumulation: 2,
        model: { base: "base", paths: { count: 2, prefixLength: 2 }, lora: { rank: 2, alpha: 4, targetModules: ["q_proj"] } },
      },
    ],
    [
      "dropout, whole shares",
      [2, 4],
      {
        model: { base: "base", paths: { count: 2, prefixLength: 2 }, lora: { rank: 2, alpha: 4, targetModules: ["q_proj"], dropout: 0.3 } },
      },
    ],
  ])("1, 2 and 4 give the same loss curve, and one alone tells and writes: %s", async (name, sizes, fields) => {
    const file = await recipeFile(name.replaceAll(" ", "-"), fields);
    await trainAlone(file, `${name} 1`);
    for (const processes of sizes) {
      const { code, out, err } = await train(file, `${name} ${processes}`, { processes });
      expect([code, err]).toEqual([0, ""]);
      const events = out
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as { type: string });
      expect(events.filter(({ type }) => type === "step")).toHaveLength(8);
      expect(events.filter(({ type }) => type === "end")).toHaveLength(1);
      expect(await largestDifference(`${name} 1`, `${name} ${processes}`)).toBeLessThan(1e-5);
      expect(await readdir(join(root, `${name} ${processes}`))).toEqual(await readdir(join(root, `${name} 1`)));
    }
  });

  test("in float16 all skip the same steps, and scale the loss alike", async () => {
    const file = await recipeFile("halves", {
      chunkSize: 3,
      precision: "float16",
      lossScaling: { initialScale: 2 ** 22, growthInterval: 2 },
    });
    await trainAlone(file, "halves 1");
    const { code, err } = await train(file, "halves 2", { processes: 2 });
    expect([code, err]).toEqual([0, ""]);
    const scales = async (out: string): Promise<unknown[]> =>
      (await loggedNumbers(join(root, out))).map(({ step, isSkipped, lossScale }) => [step, isSkipped, lossScale]);
    const alone = await scales("halves 1");
    expect(alone[0]).toEqual([1, true, 2 ** 22]);
    expect(await scales("halves 2")).toEqual(alone);
    expect(await largestDifference("halves 1", "halves 2")).toBeLessThan(2 ** -11);
  });

  test("one that is killed ends all, whichever; one process alone goes on from the last checkpoint to the same numbers", async () => {
    const file = await recipeFile("killed", { chunkSize: 4, steps: 4000 });
    await trainAlone(file, "undisturbed", "--steps", "24");
    for (const victim of ["leader", "follower"] as const) {
      const { code } = await train(file, victim, {
        processes: 2,
        onLine: (line) => {
          if (stepOf(line) === 7) process.kill(processesOf(join(root, victim))[victim], "SIGKILL");
        },
      });
      expect(code).not.toBe(0);
      // mpirun is gone a moment before the processes that it kills
      await vi.waitFor(async () => (await lockFolder(join(root, victim))).release(), { timeout: 20_000, interval: 200 });
      const { whole, damaged } = await findCheckpoints(join(root, victim, "checkpoints"));
      expect([whole.length > 0, damaged]).toEqual([true, []]);
      await trainAlone(file, victim, "--resume", "--steps", "24");
      expect(await largestDifference("undisturbed", victim)).toBeLessThan(1e-5);
    }
  });

  test("a checkpoint of one process is gone on with by two", async () => {
    const file = await recipeFile("grown", { chunkSize: 4 });
    await trainAlone(file, "grown", "--steps", "4");
    const { code } = await train(file, "grown", { processes: 2, more: ["--resume", "--steps", "9"] });
    expect(code).toBe(0);
    await trainAlone(file, "grown alone", "--steps", "9");
    expect(await largestDifference("grown alone", "grown")).toBeLessThan(1e-5);
  });

  test("asked to stop, all stop after the same step, with a checkpoint, and none of them ends as if all were done", async () => {
    const file = await recipeFile("stopped", { steps: 4000 });
    const exitCodes = join(root, "stopped codes");
    await mkdir(exitCodes);
    const isOpenMpi = mpirun?.isOpenMpi === true;
    let last = 0;
    const { code, err } = await train(file, "stopped", {
      processes: 2,
      exitCodes,
      onLine: (line, kill) => {
        last = stepOf(line) || last;
        if (stepOf(line) === 2) kill(isOpenMpi ? "SIGUSR2" : "SIGTERM");
      },
    });
    // Hydra itself ends with 0 now and then, whatever its processes end with
    expect(isOpenMpi ? code : null).not.toBe(0);
    const own = await Promise.all((await readdir(exitCodes)).map((name) => readFile(join(exitCodes, name), "utf8")));
    expect(own).toEqual(isOpenMpi ? ["140", "140"] : ["143", "143"]);
    expect(err.match(/"code":"aborted"/g)).toHaveLength(1);
    expect(err).toContain(`stopped after step ${last}; a checkpoint is written`);
    expect(await readdir(join(root, "stopped", "checkpoints"))).toContain(`step-${String(last).padStart(6, "0")}`);
  });

  test("an error is told once: before the first step, and of a loss that is no number", async () => {
    const missing = await recipeFile("missing", { data: { kind: "examples", file: "none.jsonl", batchSize: 12 } });
    const early = await train(missing, "missing", { processes: 3 });
    expect([early.code, early.out]).toEqual([1, ""]);
    expect(early.err.match(/"error":/g)).toHaveLength(1);
    expect(early.err).toMatch(/none\.jsonl/);
    const lost = await train(await recipeFile("lost", { optimizer: { learningRate: 1e30, clipNorm: 1e30 } }), "lost", { processes: 2 });
    expect(lost.code).toBe(1);
    expect(lost.err.match(/"error":/g)).toHaveLength(1);
    expect(lost.err).toMatch(/"code":"training","message":"step \d/);
  });

  test("pictures and texts, hard negatives, and batches for language modelling are shared too", async () => {
    const baseFolder = join(root, "base");
    await runTraining(tinyRun({ out: join(root, "media 1"), baseFolder }));
    for (const processes of [2, 3]) {
      const { code } = await runJob(present(mpirun, "mpirun"), [join(root, `media ${processes}`), baseFolder], {
        processes,
        script: SCRIPT,
      });
      expect(code).toBe(0);
      expect(await largestDifference("media 1", `media ${processes}`)).toBeLessThan(1e-5);
    }
  });

  test("an error on one process in the midst ends all, and the first says whose it is", async () => {
    const args = [join(root, "failing"), join(root, "base"), "1"];
    const { code, out } = await runJob(present(mpirun, "mpirun"), args, { processes: 2, script: SCRIPT });
    expect(code).not.toBe(0);
    expect(out).toMatch(/"code":"data","message":"process 1 of 2 \([^)]+\): the file is not on this machine"/);
    expect(await readdir(join(root, "failing", "checkpoints"))).toEqual(["step-000002"]);
  });

  test("a library that sees each process as alone is not the launcher's, which is said and nothing trained", async () => {
    const args = [await recipeFile("other"), "--out", join(root, "other"), "--threads", "1"];
    for (const env of [
      { PMI_SIZE: "2", PMI_RANK: "0" },
      { OMPI_COMM_WORLD_SIZE: "2", OMPI_COMM_WORLD_RANK: "1" },
    ]) {
      const { code, events, err } = await trainInProcess(args, { env });
      expect([code, events]).toEqual([1, []]);
      expect(err).toMatch(/"code":"device","message":"the launcher started 2 processes, but .+ knows of 1: it belongs to another MPI/);
    }
  });
});

/** The two processes that train in a run's folder. */
function processesOf(out: string): { readonly leader: number; readonly follower: number } {
  const { pid: leader } = JSON.parse(readFileSync(join(out, ".lock"), "utf8")) as { pid: number };
  const found = execFileSync("ps", ["-eo", "pid=,args="], { encoding: "utf8" }).split("\n");
  const isFollower = (line: string): boolean =>
    line.includes(`--out ${out} `) && line.includes("main.ts") && !line.includes(" -n 2 ") && Number.parseInt(line, 10) !== leader;
  return { leader, follower: Number.parseInt(present(found.find(isFollower), "a follower"), 10) };
}
