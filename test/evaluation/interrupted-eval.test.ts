import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeSyntheticCorpus } from "../../src/data/emoji/synthetic-corpus.ts";
import { buildEvaluationTasks } from "../../src/data/emoji/tasks/evaluation-tasks.ts";
import { EMOJI_STAND_INS } from "../../src/eval/mmeb/export/emoji-stand-ins.ts";
import { writeTasksAsMmeb } from "../../src/eval/mmeb/export/write-tasks.ts";
import type { MmebReport } from "../../src/eval/mmeb/report/mmeb-report.ts";
import { polyvecProgram } from "../support/polyvec-program.ts";
import { runPolyvecJson } from "../support/run-polyvec.ts";

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "polyvec-interrupted-eval-"));
  const tasks = buildEvaluationTasks(makeSyntheticCorpus({ concepts: 60 }), { split: "test", seed: 1, queriesPerTask: 12 });
  const families = new Map(tasks.map(({ name, family, concepts }) => [name, EMOJI_STAND_INS[family][concepts]]));
  await writeTasksAsMmeb(root, tasks.filter(({ rows }) => rows.length > 0), ({ name }) => families.get(name) ?? ""); // prettier-ignore
});
afterAll(() => rm(root, { recursive: true, force: true }));

const command = (name: string): string[] => {
  const places = ["--data", join(root, "data"), "--images", join(root, "images"), "--cache", join(root, name, "cache")];
  return ["eval", "emoji-mini", "--bench", "mmeb", "--prompts", "model", ...places, "--out", join(root, name, "out"), "--threads", "1"];
};

/** Runs the command in a process of its own and sends it Ctrl-C each time that what it says on stderr first matches the next pattern. */
async function interrupted(args: readonly string[], patterns: readonly RegExp[]) {
  const [program = "", ...own] = polyvecProgram();
  const child = spawn(program, [...own, ...args], { stdio: ["ignore", "ignore", "pipe"] });
  const waiting = [...patterns];
  let err = "";
  child.stderr.on("data", (text: Buffer) => {
    err += text.toString();
    if (waiting[0]?.test(err) !== true) return;
    waiting.shift();
    child.kill("SIGINT");
  });
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  return { code, signal, err };
}

interface Printed {
  readonly report: MmebReport;
  readonly counts: { readonly computed: number; readonly cached: number };
  readonly reused: readonly string[];
}

async function finished(name: string): Promise<Printed> {
  const { code, values } = await runPolyvecJson(...command(name));
  expect(code).toBe(0);
  return values[0] as Printed;
}

const FIRST_DATASET = /\(1 of 12\).* took/;

test("an evaluation that is stopped by Ctrl-C says how to go on, aborts nothing, and goes on with what it had computed", async () => {
  const single = await interrupted(command("stopped"), [FIRST_DATASET]);
  expect([single.code, single.signal]).toEqual([130, null]);
  expect(single.err).toContain("stopping after this step; press Ctrl-C again to stop at once\n");
  const kept = `embeddings that were computed are kept in ${join(root, "stopped", "cache")}; the same command goes on`;
  expect(single.err.split("\n").at(-2)).toMatch(/^error \(aborted\): .*stopped/);
  expect(single.err.split("\n").at(-2)).toContain(kept);

  const twice = await interrupted(command("stopped"), [/ of 12\)/, /press Ctrl-C again/]);
  expect([twice.code, twice.signal]).toEqual([130, null]);
  for (const { err } of [single, twice]) expect(err).not.toMatch(/Napi::Error|terminate called|Aborted/);

  const [resumed, whole] = [await finished("stopped"), await finished("whole")];
  expect(resumed.reused.length).toBeGreaterThan(0);
  expect(resumed.counts.computed).toBeLessThan(whole.counts.computed);
  expect([whole.reused, resumed.report.datasets]).toEqual([[], whole.report.datasets]);
}, 300_000);
