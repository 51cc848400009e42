import { appendFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { lockFolder } from "../../files/run-lock.ts";
import { stateOf, WatchedRun, type RunSigns } from "./watched-run.ts";

describe("a run's state", () => {
  const signs: RunSigns = { isHeld: false, status: undefined, rowCount: 0, hasModel: false };
  const status = (state: "running" | "finished" | "interrupted" | "failed") => ({ state, since: "2026-01-01T00:00:00Z" });
  test.each([
    ["waiting", {}],
    ["starting", { isHeld: true, status: status("running") }],
    ["running", { isHeld: true, rowCount: 1, status: status("running") }],
    ["running", { isHeld: true, rowCount: 1, status: status("failed") }], // resumed, and not noted yet
    ["finished", { rowCount: 1, status: status("finished") }],
    ["interrupted", { rowCount: 1, status: status("interrupted") }],
    ["failed", { status: status("failed") }],
    ["stopped", { rowCount: 1, status: status("running") }],
    ["stopped", { rowCount: 1, status: status("running"), hasModel: true }],
    ["finished", { rowCount: 1, hasModel: true }], // of before there was a status
    ["stopped", { rowCount: 1 }],
  ] as const)("is %s of %j", (state, seen) => expect(stateOf({ ...signs, ...seen })).toBe(state));
});

describe("a watched run", () => {
  let root = "";
  beforeAll(async () => void (root = await mkdtemp(join(tmpdir(), "polyvec-watched-"))));
  afterAll(() => rm(root, { recursive: true, force: true }));

  test("is told from its files, as they come and go", async () => {
    const folder = join(root, "run");
    const run = new WatchedRun(folder, "mine");
    expect(await run.look()).toBe(false);
    expect(run.facts).toEqual({ name: "mine", state: "waiting", message: null, steps: null, recipe: null, writtenAt: null });
    const lock = await lockFolder(folder);
    await writeFile(join(folder, "config.json"), '{"name":"r","steps":9}');
    expect(await run.look()).toBe(true);
    expect(run.facts).toMatchObject({ state: "starting", steps: 9, recipe: { name: "r", steps: 9 } });
    await writeFile(join(folder, "metrics.jsonl"), '{"type":"step","step":1}\n');
    expect(await run.look()).toBe(true);
    expect(await run.look()).toBe(false);
    expect(run.facts).toMatchObject({ state: "running", writtenAt: expect.any(Number) as unknown });
    await appendFile(join(folder, "metrics.jsonl"), "broken\n");
    await lock.release();
    await run.look();
    expect(run.facts).toMatchObject({ state: "stopped", message: "1 line of metrics.jsonl cannot be read and is left out" });
    const error = { code: "training", message: "step 2: the loss is NaN" };
    await writeFile(join(folder, "status.json"), JSON.stringify({ state: "failed", since: "", error }));
    await run.look();
    expect(run.facts).toMatchObject({ state: "failed", message: "step 2: the loss is NaN" });
    expect(run.rows.count).toBe(1);
  });

  test("tells of files that cannot be read, and goes on", async () => {
    const folder = join(root, "odd");
    await mkdir(join(folder, "metrics.jsonl"), { recursive: true });
    const run = new WatchedRun(folder, "odd");
    expect(await run.look()).toBe(true);
    expect(run.facts.message).toMatch(/metrics\.jsonl: it is a folder, a file was expected/);
    await rm(join(folder, "metrics.jsonl"), { recursive: true });
    await writeFile(join(folder, "metrics.jsonl"), '{"type":"step","step":1}\n');
    await run.look();
    expect(run.facts).toMatchObject({ message: null, state: "stopped" });
  });
});
