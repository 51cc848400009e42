import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { curveOf, readEvents } from "../../../test/support/tensorboard/read-events.ts";
import { tinyRecipe } from "../../../test/support/training/tiny-run.ts";
import type { LoggedEvent, LoggedStep } from "../run/run-events.ts";
import { RunLog } from "../run/run-log.ts";
import { crc32c } from "./crc32c.ts";
import { RunBoard } from "./run-board.ts";

let root = "";
beforeAll(async () => void (root = await mkdtemp(join(tmpdir(), "polyvec-board-"))));
afterAll(() => rm(root, { recursive: true, force: true }));

const recipe = tinyRecipe();

function stepOf(step: number, fields: Partial<LoggedStep> = {}): LoggedStep {
  return {
    type: "step",
    kind: "contrastive",
    task: "text-to-image",
    step,
    loss: 4 / step,
    precision: 0.25,
    inputs: 12,
    learningRate: 0.001,
    gradientNorm: 1.5,
    seconds: 0.5,
    inputsPerSecond: 24,
    ...fields,
  };
}

/** One session of a run that logs events. @returns warnings. */
async function session(folder: string, resumedFrom: number | undefined, events: readonly LoggedEvent[]): Promise<string[]> {
  await using board = await RunBoard.open(folder, { recipe, resumedFrom });
  const warnings: string[] = [];
  for (const event of events) warnings.push(...((await board.add(event))?.message ?? "").split("\n").filter(Boolean));
  return warnings;
}

test.each([
  ["", 0],
  ["123456789", 0xe3069283],
  ["\0".repeat(32), 0x8a9136aa],
  ["\u00ff".repeat(32), 0x62a8ab43],
])("CRC-32C of %j, from RFC 3720", (text, expected) => expect(crc32c(Buffer.from(text, "latin1"))).toBe(expected));

test("a run's numbers are curves, its recipe, warnings and changes texts", async () => {
  const folder = join(root, "all");
  const diversity = { centredCosine: 0.5, cka: null, rankCorrelation: 0.75, closest: { first: 0, second: 1, rankCorrelation: 0.875 }, verdict: "distinct" } as const; // prettier-ignore
  const several = {
    pathLosses: [2, 3],
    pathPrecisions: [0, 1],
    regulariser: 0.125,
    regulariserWeight: 0.0625,
    diversity,
    estimator: { value: 0.25, likelihoodGain: 0.5, negativeLogLikelihood: 1, pairs: [] },
  };
  const warnings = await session(folder, undefined, [
    stepOf(1, several),
    stepOf(2, { kind: "language", task: "caption", precision: 0.75 }),
    { type: "evaluation", step: 2, scores: { aggregate: 0.5, "path 0": 0.375 } },
    { type: "warning", step: 2, kind: "paths-collapsed", message: "they are alike: 🐱" },
    { type: "change", step: 2, changes: [{ field: "steps", from: 1, to: 2 }] },
  ]);
  expect(warnings).toEqual([]);
  const events = await readEvents(folder);
  expect(events[0]).toMatchObject({ step: 0, version: "brain.Event:2", scalars: {}, texts: {} });
  expect(events[1]?.texts["recipe"]).toBe(`\`\`\`json\n${JSON.stringify(recipe, null, 2)}\n\`\`\``);
  const float32 = (value: number) => Math.fround(value);
  expect(events[2]).toMatchObject({ step: 1 });
  expect(events[2]?.scalars).toEqual({
    "step/loss": 4,
    "step/learningRate": float32(0.001),
    "step/gradientNorm": 1.5,
    "step/seconds": 0.5,
    "step/inputsPerSecond": 24,
    "loss/text-to-image": 4,
    "precision/text-to-image": 0.25,
    "pathLosses/0": 2,
    "pathLosses/1": 3,
    "pathPrecisions/0": 0, // a number as any other, and not left out as protobuf does with zeros
    "pathPrecisions/1": 1,
    "regulariser/value": 0.125,
    "regulariser/weight": 0.0625,
    "estimator/value": 0.25,
    "estimator/likelihoodGain": 0.5,
    "estimator/negativeLogLikelihood": 1,
    "diversity/centredCosine": 0.5,
    "diversity/rankCorrelation": 0.75,
    "diversity/closest": 0.875,
  });
  expect(events[3]?.scalars).toMatchObject({ "step/loss": 2, "loss/caption": 2, "precision/caption": 0.75 });
  expect(events[4]).toMatchObject({ step: 2, scalars: { "validation/aggregate": 0.5, "validation/path 0": 0.375 } });
  expect(events[5]?.texts).toEqual({ warnings: "they are alike: 🐱" });
  expect(events[6]?.texts["changes"]).toContain('"field": "steps"');
  expect(events.every(({ wallTime }) => Math.abs(wallTime - Date.now() / 1000) < 600)).toBe(true);
});

test("a resumed run has a file of its own, after the others, and no step twice", async () => {
  const folder = join(root, "resumed");
  await session(folder, undefined, [stepOf(1), stepOf(2), stepOf(3, { loss: 99 })]);
  await session(folder, 2, [stepOf(3), stepOf(4)]);
  await session(folder, 4, [stepOf(5)]);
  const files = await readdir(folder);
  expect([files.length, files.every((name) => /^events\.out\.tfevents\.\d{10}\.polyvec$/.test(name))]).toEqual([3, true]);
  const events = await readEvents(folder);
  expect(events.filter(({ isRestart }) => isRestart).map(({ step }) => step)).toEqual([3, 5]);
  expect(curveOf(events, "step/loss")).toEqual([1, 2, 3, 4, 5].map((step) => [step, Math.fround(4 / step)]));
});

test("a run that begins anew leaves nothing of the one before, and other files alone", async () => {
  const folder = join(root, "anew");
  await session(folder, undefined, [stepOf(1), stepOf(2)]);
  await writeFile(join(folder, "events.out.tfevents.1.other"), "");
  await session(folder, undefined, [stepOf(1)]);
  expect(await readdir(folder)).toHaveLength(2);
  await rm(join(folder, "events.out.tfevents.1.other"));
  expect(curveOf(await readEvents(folder), "step/loss")).toEqual([[1, 4]]);
});

test("where it cannot be written, one warning is logged and the run goes on", async () => {
  const folder = join(root, "taken");
  await writeFile(folder, "");
  const file = join(root, "metrics.jsonl");
  const told: LoggedEvent[] = [];
  await using board = await RunBoard.open(folder, { recipe, resumedFrom: undefined });
  await using log = await RunLog.open(file, { resumedFrom: undefined, board, onEvent: (event) => void told.push(event as LoggedEvent) });
  for (const step of [1, 2, 3]) await log.record(stepOf(step));
  expect(told.map(({ type, step }) => `${type} ${step}`)).toEqual(["step 1", "warning 1", "step 2", "step 3"]);
  expect(told[1]).toMatchObject({
    kind: "tensorboard-off",
    message: expect.stringMatching(/cannot write .*taken \((ENOTDIR|EEXIST)\).*goes on: metrics\.jsonl holds the same/) as unknown,
  });
});
