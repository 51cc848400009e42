import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { thrownBy } from "../../test/support/thrown-by.ts";
import { FileError, TrainingError } from "../errors/families.ts";
import { isHeld, LOCK_FILE, lockFolder } from "./run-lock.ts";

let base = "";
beforeAll(async () => void (base = await mkdtemp(join(tmpdir(), "polyvec-lock-"))));
afterAll(() => rm(base, { recursive: true, force: true }));

const owner = (changes: object): string =>
  JSON.stringify({ pid: process.pid, host: hostname(), begun: null, token: "other", since: "2020-01-01T00:00:00Z", ...changes });

/** A folder that holds a lock with the given content. */
async function lockedFolder(content: string): Promise<string> {
  const folder = await mkdtemp(join(base, "run-"));
  await writeFile(join(folder, LOCK_FILE), content);
  return folder;
}

test("one at a time: the second is told who holds it, and may have it once it is released", async () => {
  const folder = join(base, "new", "run");
  const first = await lockFolder(folder);
  const error = await thrownBy(() => lockFolder(`${folder}/../run`));
  expect(error).toBeInstanceOf(TrainingError);
  expect(error).toMatchObject({
    message: expect.stringMatching(new RegExp(`in use by process ${process.pid} since .*choose another folder`)) as string,
    details: { pid: process.pid },
  });
  await first.release();
  await first.release();
  expect(await readdir(folder)).toEqual([]);
  await using second = await lockFolder(folder);
  expect(second.takenOverFrom).toBeUndefined();
});

test("of many at the same time exactly one gets it", async () => {
  const folder = join(base, "race");
  const results = await Promise.allSettled(Array.from({ length: 20 }, () => lockFolder(folder)));
  const winners = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  expect(winners).toHaveLength(1);
  await winners[0]?.release();
});

test("the lock of a dead process is taken over", async () => {
  const dead = spawnSync(process.execPath, ["-e", ""]).pid;
  const folder = await lockedFolder(owner({ pid: dead }));
  await using lock = await lockFolder(folder);
  expect(lock.takenOverFrom).toBe(dead);
  expect(await readdir(folder)).toEqual([LOCK_FILE]);
});

test("a lock that was cut off while it was written counts as dead", async () => {
  await using lock = await lockFolder(await lockedFolder('{"pid": 12'));
  expect(lock.takenOverFrom).toBe(0);
});

test("another living process keeps it", async () => {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000); console.log('up')"], { stdio: ["ignore", "pipe", "ignore"] });
  await once(child.stdout, "data");
  const folder = await lockedFolder(owner({ pid: child.pid }));
  await expect(lockFolder(folder)).rejects.toThrow(`process ${child.pid}`);
  child.kill("SIGKILL");
  await once(child, "exit");
  await using lock = await lockFolder(folder);
  expect(lock.takenOverFrom).toBe(child.pid);
});

test("a pid that was given anew does not keep it", async () => {
  await using lock = await lockFolder(await lockedFolder(owner({ pid: process.ppid, begun: "1" })));
  expect(lock.takenOverFrom).toBe(process.ppid);
});

test("a lock of another machine is not touched, and the error says which file to delete", async () => {
  const folder = await lockedFolder(owner({ host: "elsewhere", pid: 1 }));
  const error = await thrownBy(() => lockFolder(folder));
  expect(error).toMatchObject({ message: expect.stringContaining(`delete ${join(folder, LOCK_FILE)}`) as string });
  expect(await readFile(join(folder, LOCK_FILE), "utf8")).toContain("elsewhere");
});

test("releasing does not remove a lock that another has taken meanwhile", async () => {
  const folder = await mkdtemp(join(base, "run-"));
  const lock = await lockFolder(folder);
  await writeFile(join(folder, LOCK_FILE), owner({ host: "elsewhere" }));
  await lock.release();
  expect(await readdir(folder)).toEqual([LOCK_FILE]);
});

test("onlookers see whether a process is at work in a folder", async () => {
  const folder = join(base, "seen");
  expect(await isHeld(folder)).toBe(false);
  const lock = await lockFolder(folder);
  expect(await isHeld(folder)).toBe(true);
  await lock.release();
  expect(await isHeld(folder)).toBe(false);
  const dead = spawnSync(process.execPath, ["-e", ""]).pid;
  expect(await isHeld(await lockedFolder(owner({ pid: dead })))).toBe(false);
  expect(await isHeld(await lockedFolder(owner({ host: "elsewhere" })))).toBe(true);
});

test("a folder that cannot be made", async () => {
  await writeFile(join(base, "file"), "");
  expect(await thrownBy(() => lockFolder(join(base, "file", "run")))).toBeInstanceOf(FileError);
});
