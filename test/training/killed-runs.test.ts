import { watch } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { invariant } from "../../src/errors/families.ts";
import { RandomStream } from "../../src/random/random-stream.ts";
import { writeMadeUpPairs } from "../support/data/made-up-pairs.ts";
import { runPolyvec } from "../support/run-polyvec.ts";
import { curveOf, readEvents } from "../support/tensorboard/read-events.ts";
import { loggedNumbers, saveTinyBase } from "../support/training/tiny-run.ts";
import { trainInProcess, type SendSignal, type TrainProcessOptions } from "../support/training/train-process.ts";

vi.setConfig({ testTimeout: 600_000, hookTimeout: 300_000 });

/** Kills of the long test. */
const KILLS = 20;
const STEPS = 44;

/** Where kills fall is drawn from it; `POLYVEC_KILL_SEED=<number>` draws the same again. */
const seed = Number(process.env["POLYVEC_KILL_SEED"] ?? Date.now() % 1_000_000);

let root = "";
let recipe = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "polyvec-killed-"));
  await saveTinyBase(root);
  await writeMadeUpPairs(join(root, "mmeb"));
  recipe = join(root, "recipe.json");
  await writeFile(recipe, JSON.stringify(RECIPE));
  const { code, err } = await runPolyvec("train", recipe, "--out", folderOf("whole"), "--threads", "1");
  invariant(code === 0, err);
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** All that carries state from step to step: paths whose prefixes are calibrated, vCLUB's estimator, GradCache, a weighted mixture of runs of rows, hard negatives. */
const RECIPE = {
  name: "killed",
  seed: 3,
  model: { base: "base", paths: { count: 3, prefixLength: 2, aggregation: "gate" } },
  data: {
    kind: "mmeb",
    path: "mmeb",
    batchSize: 6,
    rowsTogether: 2,
    datasets: { Captions: { weight: 2, rows: 30 }, Words: { rows: 25 } },
  },
  objective: { temperature: 0.1, symmetric: true, regulariser: { kind: "vclub", hiddenWidth: 16 } },
  optimizer: { learningRate: 1e-3, warmUpSteps: 5 },
  steps: STEPS,
  chunkSize: 3,
  accumulation: 2,
  checkpointEverySteps: 3,
  diversityEverySteps: 4,
};

const folderOf = (name: string): string => join(root, name);
const argsOf = (name: string): string[] => [recipe, "--out", folderOf(name), "--threads", "1", "--resume"];

/** Every line of the log but times, every file of the model, the last checkpoint and TensorBoard's curve are those of the run that nothing happened to. */
async function expectUndisturbed(name: string): Promise<void> {
  expect(await loggedNumbers(folderOf(name))).toEqual(await loggedNumbers(folderOf("whole")));
  const curve = async (of: string): Promise<unknown> => curveOf(await readEvents(join(folderOf(of), "tensorboard")), "step/loss");
  expect(await curve(name)).toEqual(await curve("whole"));
  for (const part of ["model", join("checkpoints", `step-${String(STEPS).padStart(6, "0")}`)]) {
    const [files, expected] = await Promise.all([readFiles(join(folderOf(name), part)), readFiles(join(folderOf("whole"), part))]);
    expect([...files.keys()]).toEqual([...expected.keys()]);
    for (const [file, bytes] of files) expect(bytes.equals(expected.get(file) ?? Buffer.alloc(0)), `${part}/${file}`).toBe(true);
  }
}

async function readFiles(folder: string): Promise<Map<string, Buffer>> {
  const names = (await readdir(folder)).toSorted();
  return new Map(await Promise.all(names.map(async (file) => [file, await readFile(join(folder, file))] as const)));
}

/** How many checkpoints were left half written. */
async function halfWritten(name: string): Promise<number> {
  return (await readdir(join(folderOf(name), "checkpoints"))).filter((file) => file.endsWith(".partial")).length;
}

/** A way to kill a training: what is waited for, and how many milliseconds more. */
interface Moment {
  readonly after: "start" | "step" | "checkpoint begun";
  readonly count: number;
  readonly delay: number;
}

function drawMoment(kill: number): Moment {
  const stream = new RandomStream(seed, "kill", kill);
  const draw = stream.uniform();
  if (draw < 0.15) return { after: "start", count: 1, delay: Math.round(stream.uniform() * 2000) };
  if (draw < 0.6) return { after: "step", count: 1 + stream.integer(6), delay: Math.round(stream.uniform() * 20) };
  return { after: "checkpoint begun", count: 1 + stream.integer(2), delay: Math.round(stream.uniform() * 8) };
}

/** Kills a training at its moment. */
function killAt({ after, count, delay }: Moment, checkpoints: string): TrainProcessOptions & { readonly stop: () => void } {
  let left = count;
  let send: SendSignal = () => undefined;
  const happened = (): void => void (--left === 0 && setTimeout(() => send("SIGKILL"), delay));
  const seen = new Set<string>();
  const watcher = watch(checkpoints, (_, file) => {
    if (after !== "checkpoint begun" || file?.endsWith(".partial") !== true || seen.has(file)) return;
    seen.add(file);
    happened();
  });
  return {
    onStart: (sender) => {
      send = sender;
      if (after === "start") happened();
    },
    onEvent: ({ type }) => void (after === "step" && type === "step" && happened()),
    stop: () => watcher.close(),
  };
}

test(`killed ${KILLS} times, at any moment, it ends with the very numbers and weights of a run that was not`, async ({ onTestFailed }) => {
  const history: string[] = [];
  onTestFailed(() => console.error([`POLYVEC_KILL_SEED=${seed}`, ...history].join("\n")));
  const checkpoints = join(folderOf("killed"), "checkpoints");
  await mkdir(checkpoints, { recursive: true });
  let isFinished = false;
  for (let kill = 0; kill < KILLS && !isFinished; kill++) {
    const moment = drawMoment(kill);
    const { stop, ...options } = killAt(moment, checkpoints);
    const { code, signal, events, err } = await trainInProcess(argsOf("killed"), options).finally(stop);
    const steps = events.flatMap(({ type, step }) => (type === "step" && step !== undefined ? [step] : []));
    const half = await halfWritten("killed");
    history.push(JSON.stringify({ kill, ...moment, signal, steps: [steps[0], steps.at(-1)], half, err }));
    isFinished = code === 0; // too quick for the kill
    expect([code, signal]).toEqual(isFinished ? [0, null] : [null, "SIGKILL"]);
  }
  const { code, err } = await runPolyvec("train", ...argsOf("killed"));
  expect([code, err]).toEqual([0, expect.not.stringContaining("error")]);
  await expectUndisturbed("killed");
});

test("stopped by Ctrl-C again and again, it goes on to the very numbers and weights of a run that was not", async () => {
  for (const steps of [1, 1, 5, 20]) {
    let left = steps;
    const { code, events, err } = await trainInProcess(argsOf("stopped"), {
      onEvent: ({ type }, send) => void (type === "step" && --left === 0 && send("SIGINT")),
    });
    if (code === 0) break; // too quick
    const last = events.at(-1);
    expect([code, last?.type]).toEqual([130, "checkpoint"]);
    expect(err).toContain(`stopped after step ${last?.step}; a checkpoint is written`);
  }
  expect((await runPolyvec("train", ...argsOf("stopped"))).code).toBe(0);
  await expectUndisturbed("stopped");
});
