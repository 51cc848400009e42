import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bestPath, learningCurve, mutualInformation, readRunLog, trainingSeconds } from "./run-log.ts";

let folder = "";
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "polyvec-log-"))));
afterAll(() => rm(folder, { recursive: true, force: true }));

async function write(...rows: readonly unknown[]): Promise<void> {
  await writeFile(join(folder, "metrics.jsonl"), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
}

const step = (number: number, more: object = {}) => ({
  type: "step",
  step: number,
  task: "grounding",
  loss: 5 - number,
  seconds: 1.5,
  ...more,
});
const estimator = (likelihoodGain: number) => ({ estimator: { value: 0.5, likelihoodGain, negativeLogLikelihood: 1.25 } });

test("a run's log becomes a curve, seconds, the best path and what the estimator said", async () => {
  const scores = { aggregate: 0.4, all: 0.5, "path 0": 0.2, "path 1": 0.3 };
  await write(step(1, estimator(0.1)), { type: "warning", step: 1 }, step(2, estimator(0.2)), { type: "evaluation", step: 2, scores });
  const log = await readRunLog(folder);
  expect(learningCurve(log)).toEqual([
    { step: 1, loss: 4, precision: null, pathPrecisions: null },
    { step: 2, loss: 3, precision: 0.4, pathPrecisions: [0.2, 0.3] },
  ]);
  expect([trainingSeconds(log), bestPath(log)]).toEqual([3, 1]);
  expect(mutualInformation(log, 10)).toEqual({ vclub: 5, heldOutLogLikelihood: -12.5, alive: true });
});

test("a single-path run has neither estimator nor paths", async () => {
  await write(step(1), { type: "evaluation", step: 1, scores: { aggregate: 0.25 } });
  const log = await readRunLog(folder);
  expect(mutualInformation(log, 10)).toBeUndefined();
  expect([bestPath(log), learningCurve(log)[0]?.pathPrecisions]).toEqual([0, null]);
});

test("a row that is wrong is named", async () => {
  await write(step(1), { type: "step", step: "two" });
  await expect(readRunLog(folder)).rejects.toMatchObject({ code: "data", details: { row: 2 } });
});
