import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findRuns } from "./find-runs.ts";

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "polyvec-find-"));
  for (const folder of ["b", "a", "reproduction/runs/pdf/seed-0", "b/checkpoints/step-1", "begun", "none/model", "locked"])
    await mkdir(join(root, folder), { recursive: true });
  for (const run of ["b", "a", "reproduction/runs/pdf/seed-0", "b/checkpoints/step-1"])
    await writeFile(join(root, run, "metrics.jsonl"), "");
  await writeFile(join(root, "begun", "status.json"), "{}");
  for (const folder of ["reproduction", "locked"]) await writeFile(join(root, folder, ".lock"), "{}");
  await writeFile(join(root, "none", "model", "config.json"), "{}");
});
afterAll(() => rm(root, { recursive: true, force: true }));

test("a run, or the runs within a folder, however deep; not what lies in a run", async () => {
  const named = async (...folders: readonly string[]): Promise<string[]> =>
    (await findRuns(folders.map((one) => join(root, one)))).map(({ name }) => name);
  expect(await named("a")).toEqual(["a"]);
  expect(await named("")).toEqual(["a", "b", "begun", "reproduction/runs/pdf/seed-0"]);
  expect(await named("b", "", "a")).toEqual(["b", "a", "begun", "reproduction/runs/pdf/seed-0"]);
  expect(await named("reproduction")).toEqual(["runs/pdf/seed-0"]);
  expect(await named("reproduction/runs")).toEqual(["pdf/seed-0"]);
  expect(await named("none", "to-come", "locked")).toEqual([]);
});
