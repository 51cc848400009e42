import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { loggedNumbers, saveTinyBase, tinyRun } from "../../../test/support/training/tiny-run.ts";
import { curveOf, readEvents } from "../../../test/support/tensorboard/read-events.ts";
import { canMount, IN_NAMESPACE } from "../../../test/support/memory-disk.ts";
import { thrownBy } from "../../../test/support/thrown-by.ts";
import { runTraining } from "./run-training.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const SCRIPT = fileURLToPath(new URL("../../../test/fixtures/training/train-tiny.ts", import.meta.url));

let root = "";
let baseFolder = "";
let expected: Record<string, unknown>[] = [];
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "polyvec-interrupted-"));
  baseFolder = await saveTinyBase(root);
  const whole = join(root, "whole");
  await runTraining(tinyRun({ out: whole, baseFolder }));
  expected = await loggedNumbers(whole);
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** What a child printed, line by line; `onStep` is told of each step. */
async function follow(child: ChildProcess, onStep: (step: number) => void = () => undefined): Promise<Record<string, unknown>[]> {
  const lines: Record<string, unknown>[] = [];
  const closed = once(child, "close");
  for await (const line of createInterface({ input: child.stdout as NonNullable<ChildProcess["stdout"]> })) {
    const value = JSON.parse(line) as Record<string, unknown>;
    lines.push(value);
    if (value["status"] === undefined && typeof value["step"] === "number") onStep(value["step"]);
  }
  await closed;
  return lines;
}

function start(out: string): ChildProcess {
  return spawn(process.execPath, ["--import", "tsx", SCRIPT, out, baseFolder], { stdio: ["ignore", "pipe", "inherit"] });
}

test("killed between two checkpoints, it goes on from the last one to the very numbers of a run that was not", async () => {
  const out = join(root, "killed");
  const child = start(out);
  await follow(child, (step) => step === 3 && child.kill("SIGKILL"));
  expect(child.signalCode).toBe("SIGKILL");
  const asked: number[] = [];
  const options = tinyRun({ out, baseFolder, resume: true });
  await runTraining({ ...options, source: { batch: (step) => (asked.push(step), options.source.batch(step)) } });
  expect(asked[0]).toBe(2);
  expect(await loggedNumbers(out)).toEqual(expected);
  const steps = expected.filter(({ type }) => type === "step");
  const shown = curveOf(await readEvents(join(out, "tensorboard")), "step/loss");
  expect(shown).toEqual(steps.map(({ step, loss }) => [step, Math.fround(loss as number)]));
});

test("Ctrl-C lets it finish its step, write a checkpoint and end", async () => {
  const out = join(root, "stopped");
  const child = start(out);
  const lines = await follow(child, (step) => step === 1 && child.kill("SIGINT"));
  const last = lines.at(-1);
  expect(child.exitCode).toBe(0);
  expect(last).toMatchObject({ status: "interrupted", folder: out });
  expect(await readdir(join(out, "checkpoints"))).toContain(`step-00000${String(last?.["step"])}`);
  await runTraining(tinyRun({ out, baseFolder, resume: true }));
  expect(await loggedNumbers(out)).toEqual(expected);
});

test.runIf(canMount())("a disk that fills up is an error that names the file; with room again it goes on", async () => {
  const out = join(root, "full");
  const kept = join(root, "kept");
  await mkdir(out);
  await mkdir(kept);
  // what the small disk holds at the end is copied out of the namespace, where alone it can be seen
  const script = 'mount -t tmpfs -o size=1100k tmpfs "$0" && shift_to="$1"; shift; "$@"; code=$?; cp -r "$0/." "$shift_to"; exit $code';
  const command = [...IN_NAMESPACE, script, out, kept, process.execPath, "--import", "tsx", SCRIPT, out, baseFolder];
  const child = spawn("sh", command, { stdio: ["ignore", "pipe", "inherit"] });
  const error = (await follow(child)).at(-1);
  expect(child.exitCode).toBe(3);
  expect(error).toMatchObject({ code: "file", details: { errno: "ENOSPC" } });
  expect(error?.["message"]).toMatch(/the disk is full; free some space/);
  expect(await readdir(join(kept, "checkpoints"))).not.toEqual([]);
  await runTraining(tinyRun({ out: kept, baseFolder, resume: true }));
  expect(await loggedNumbers(kept)).toEqual(expected);
});

test.runIf(canMount())("a disk that has room for all but TensorBoard's events ends these, with one warning, and not the run", async () => {
  const out = join(root, "no-events");
  await mkdir(join(out, "tensorboard"), { recursive: true });
  const script = 'mount -t tmpfs -o size=4k tmpfs "$0" && echo full > "$0/others" && exec "$@"';
  const command = [...IN_NAMESPACE, script, join(out, "tensorboard"), process.execPath, "--import", "tsx", SCRIPT, out, baseFolder];
  const child = spawn("sh", command, { stdio: ["ignore", "pipe", "inherit"] });
  await follow(child);
  expect(child.exitCode).toBe(0);
  const rows = await loggedNumbers(out);
  expect(rows.filter(({ type }) => type !== "warning")).toEqual(expected);
  expect(rows.filter(({ type }) => type === "warning")).toMatchObject([
    { kind: "tensorboard-off", message: expect.stringMatching(/tfevents.*\(ENOSPC\)/) as unknown },
  ]);
});

test("a second process on the folder is told who has it, and disturbs nothing", async () => {
  const out = join(root, "shared");
  const child = start(out);
  let second: Promise<unknown> | undefined;
  await follow(child, (step) => {
    if (step === 1) second = thrownBy(() => runTraining(tinyRun({ out, baseFolder, resume: true })));
  });
  expect(await second).toMatchObject({ code: "training", message: expect.stringContaining(`in use by process ${child.pid}`) as unknown });
  expect([child.exitCode, await loggedNumbers(out)]).toEqual([0, expected]);
});
