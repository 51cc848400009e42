import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { thrownBy } from "../../../test/support/thrown-by.ts";
import { TrainingError } from "../../errors/families.ts";
import { isSameProcess, processStart } from "./process-identity.ts";
import { acquireRunLock } from "./run-lock.ts";

let root = "";
beforeAll(async () => void (root = await mkdtemp(join(tmpdir(), "polyvec-lock-"))));
afterAll(() => rm(root, { recursive: true, force: true }));

const newRun = (): Promise<string> => mkdtemp(join(root, "run-"));

async function refusal(run: string): Promise<TrainingError> {
  const error = await thrownBy(() => acquireRunLock(run));
  expect(error).toBeInstanceOf(TrainingError);
  return error as TrainingError;
}

test("a second run is refused, with the process that has the folder, until the first lets go", async () => {
  const run = await newRun();
  const lock = await acquireRunLock(run);
  const error = await refusal(run);
  expect(error.details).toMatchObject({ run, file: lock.file, pid: process.pid, host: hostname() });
  expect(error.message).toMatch(/in use by process \d+.*choose another folder/);
  await lock.release();
  await lock.release();
  expect(await readdir(run)).toEqual([]);
  await using again = await acquireRunLock(run);
  expect(again.file).toBe(lock.file);
});

test("of many at once exactly one gets it", async () => {
  const run = await newRun();
  const results = await Promise.allSettled(Array.from({ length: 12 }, () => acquireRunLock(run)));
  expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  expect(await readdir(run)).toEqual(["run.lock"]);
});

test("another process holds it while it lives; killed, its lock is taken over", { timeout: 60_000 }, async () => {
  const run = await newRun();
  const holder = spawn(process.execPath, ["--import", "tsx", "test/fixtures/checkpoint/hold-run-lock.ts", run], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(holder.stdout, "data");
  expect((await refusal(run)).details).toMatchObject({ pid: holder.pid });
  holder.kill("SIGKILL");
  await once(holder, "close");
  await using lock = await acquireRunLock(run);
  expect(await readFile(lock.file, "utf8")).toContain(`"pid":${process.pid}`);
});

describe("whose lock it is", () => {
  const written = async (holder: Record<string, unknown>): Promise<string> => {
    const run = await newRun();
    const own = { token: "t", pid: process.pid, host: hostname(), start: await processStart(process.pid), since: "then" };
    await writeFile(join(run, "run.lock"), JSON.stringify({ ...own, ...holder }));
    return run;
  };

  test("a process that took a dead one's number is not taken for it", async () => {
    const known = await processStart(process.pid);
    const run = await written({ start: "another boot/1" });
    if (known === null) await refusal(run);
    else await (await acquireRunLock(run)).release();
    expect(await isSameProcess(process.pid, known)).toBe(true);
  });

  test("of another machine it is kept: whether that process lives cannot be known here", async () => {
    expect((await refusal(await written({ host: "elsewhere", pid: 1 }))).message).toContain("elsewhere");
  });

  test("one that cannot be understood is kept, and the message says what to remove", async () => {
    const run = await newRun();
    await writeFile(join(run, "run.lock"), "");
    expect((await refusal(run)).message).toContain(`remove ${join(run, "run.lock")}`);
  });

  test("a lock that somebody else has taken over is not released by its former holder", async () => {
    const run = await newRun();
    const lock = await acquireRunLock(run);
    await writeFile(lock.file, JSON.stringify({ token: "other", pid: 1, host: "elsewhere", start: null, since: "now" }));
    await lock.release();
    expect(await readdir(run)).toEqual(["run.lock"]);
  });
});
