import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { RunMonitor } from "../monitor/run-monitor.ts";
import type { LoggedEvent, RunEvent } from "./run-events.ts";
import { RunLog } from "./run-log.ts";

let root = "";
beforeAll(async () => void (root = await mkdtemp(join(tmpdir(), "polyvec-log-"))));
afterAll(() => rm(root, { recursive: true, force: true }));

const EVENTS: readonly LoggedEvent[] = [
  { type: "evaluation", step: 1, scores: { aggregate: 0.1 } },
  { type: "change", step: 2, changes: [{ field: "steps", from: 2, to: 5 }] },
  { type: "evaluation", step: 3, scores: { aggregate: 0.3 } },
];

test("drops what was logged after the step that a run goes on from, a half-written line too, and knows the rest", async () => {
  const file = join(root, "metrics.jsonl");
  const told: RunEvent[] = [];
  {
    await using log = await RunLog.open(file, { resumedFrom: undefined, onEvent: (event) => void told.push(event) });
    for (const event of EVENTS) await log.record(event);
    expect(log.provenance()).toEqual({
      validation: { step: 3, scores: { aggregate: 0.3 } },
      changes: [{ step: 2, field: "steps", from: 2, to: 5 }],
    });
  }
  expect(told).toEqual(EVENTS);
  await appendFile(file, '{"type":"step","ste');
  await using log = await RunLog.open(file, { resumedFrom: 2 });
  expect([1, 2, 3].map((step) => log.hasScores(step))).toEqual([true, false, false]);
  expect(await readFile(file, "utf8")).toBe(EVENTS.slice(0, 2).map((event) => `${JSON.stringify(event)}\n`).join("")); // prettier-ignore
  log.replay(new RunMonitor({ pathCount: 1, estimatorPairs: undefined }));
});

test("a run that begins anew begins a new log", async () => {
  const file = join(root, "old.jsonl");
  await writeFile(file, "of another time\n");
  await using log = await RunLog.open(file, { resumedFrom: undefined });
  expect(log.provenance()).toEqual({});
  expect(await readFile(file, "utf8")).toBe("");
});
