import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { runPolyvec } from "../../../test/support/run-polyvec.ts";
import { EXAMPLE_WORDS, writeExamples, writeRecipe } from "../../../test/support/training/recipe-file.ts";
import { saveTinyBase } from "../../../test/support/training/tiny-run.ts";

vi.setConfig({ testTimeout: 120_000 });

let [root, recipe] = ["", ""];
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "polyvec-dashboard-"));
  await saveTinyBase(root);
  await writeExamples(
    root,
    EXAMPLE_WORDS.map((text) => ({ query: { text }, positive: { text: `${text} too` } })),
  );
  recipe = await writeRecipe(root, "live");
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** Starts a command in a process of its own. @returns the first line that it prints as JSON, and what it ends with. */
async function start(...args: readonly string[]) {
  const main = fileURLToPath(new URL("../main.ts", import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", main, ...args, "--json"], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit") as Promise<[code: number | null]>;
  const lines: Record<string, unknown>[] = [];
  const output = createInterface({ input: child.stdout });
  output.on("line", (line) => lines.push(JSON.parse(line) as Record<string, unknown>));
  await once(output, "line");
  return { child, lines, code: ended.then(([code]) => code) };
}

test("polyvec train --dashboard shows the run from before its first step to its end", async () => {
  const { lines, code } = await start("train", recipe, "--out", join(root, "run"), "--threads", "1", "--dashboard", "0");
  expect(lines[0]).toEqual({ type: "dashboard", url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/$/) as unknown });
  const told = await (await fetch(`${String(lines[0]?.["url"])}events`)).text();
  expect(told).toMatch(/^event: hello\n[^]*"state":"(starting|running)"[^]*"state":"finished"[^]*event: bye\n/);
  expect(told).toContain('{"type":"step","step":3,');
  expect(await code).toBe(0);
  expect(lines.map(({ type }) => type)).toEqual(["dashboard", "begin", "calibration", "step", "checkpoint", "step", "checkpoint", "step", "checkpoint", "end"]); // prettier-ignore
});

test("a port that is taken is told before anything is trained", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  const { code, err } = await runPolyvec("train", recipe, "--out", join(root, "never"), "--dashboard", String(port));
  expect([code, err]).toEqual([1, expect.stringMatching(/^error \(http\): .*another program listens there\. Name another port/)]);
  const reproduction = await runPolyvec("reproduce", "--out", join(root, "never"), "--dashboard", String(port));
  expect([reproduction.code, reproduction.err]).toEqual([1, err]);
  expect(await readdir(root)).not.toContain("never");
  const again = await runPolyvec("dashboard", root, "--port", String(port));
  expect([again.code, again.err]).toEqual([1, expect.stringMatching(/^error \(http\): .*another program/)]);
  other.close();
});

test("polyvec dashboard shows runs that have ended until it is stopped", async () => {
  expect((await runPolyvec("train", recipe, "--out", join(root, "runs", "a"), "--threads", "1", "--steps", "1")).code).toBe(0);
  const { child, lines, code } = await start("dashboard", join(root, "runs"), "--port", "0");
  const told = fetch(`${String(lines[0]?.["url"])}events`).then((response) => response.text());
  await new Promise((resolve) => setTimeout(resolve, 300));
  child.kill("SIGINT");
  expect(await told).toMatch(/"name":"a","state":"finished"[^]*event: rows\n[^]*event: ready\n[^]*event: bye/);
  expect(await code).toBe(130);
});

test("what is no port is bad usage", async () => {
  for (const args of [
    ["dashboard", root, "--port", "70000"],
    ["train", "--dashboard", recipe],
    ["reproduce", "--dashboard", "quick"],
  ]) {
    expect(await runPolyvec(...args)).toMatchObject({ code: 2, err: expect.stringMatching(/where a port was expected/) as unknown });
  }
});
