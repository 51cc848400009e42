import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { RUN_FILES } from "../../train/run/run-files.ts";
import { RunWatcher } from "./run-watcher.ts";

let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "polyvec-watcher-"));
});

afterAll(() => rm(root, { recursive: true, force: true }));

async function begin(run: string): Promise<void> {
  await mkdir(join(root, run));
  await writeFile(join(root, run, RUN_FILES.metrics), "");
}

test("the last look finds runs that began since the last search, even while another look is under way", async () => {
  await begin("first");
  const watcher = new RunWatcher({ folders: [root], interval: 3_600_000 });
  const stop = await watcher.listen();
  await begin("second");
  await watcher.look(); // no search: the first look was one
  expect(watcher.runs.map(({ name }) => name)).toEqual(["first"]);
  const underWay = watcher.look();
  await watcher.end();
  await underWay;
  expect(watcher.isEnded).toBe(true);
  expect(watcher.runs).toHaveLength(2);
  stop();
});
