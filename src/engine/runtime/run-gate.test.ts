import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { RunGate } from "./run-gate.ts";

const PROGRAM = fileURLToPath(new URL("../../../test/support/engine/exit-during-run.ts", import.meta.url));

test.each([
  ["exit", 7, /^$/],
  ["throw", 1, /something broke/],
])("a process that ends by %s while a thread runs a graph ends with its own code, and aborts nothing", async (how, expected, told) => {
  const child = spawn(process.execPath, ["--import", "tsx", PROGRAM, how], { stdio: ["ignore", "pipe", "pipe"] });
  const [out, err, [code, signal]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit") as Promise<[number | null, string | null]>]); // prettier-ignore
  expect([out, code, signal]).toEqual(["ends\n", expected, null]);
  expect(err).toMatch(told);
  expect(err).not.toMatch(/Napi::Error|terminate called/);
});

test("what is within is waited for, no longer than asked; nothing enters once it is closed", async () => {
  const gate = new RunGate();
  let finish: (value: string) => void = () => undefined;
  const work = gate.within(() => new Promise<string>((resolve) => (finish = resolve)));
  expect(gate.close(20)).toBe(false);
  finish("done");
  expect(await work).toBe("done");
  expect(gate.close()).toBe(true);
  let entered = false;
  void gate.within(async () => (entered = true));
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect([entered, gate.close()]).toEqual([false, true]);
});

test("work that fails leaves the gate too", async () => {
  const gate = new RunGate();
  await expect(gate.within(() => Promise.reject(new RangeError("no")))).rejects.toThrow(RangeError);
  expect(gate.close()).toBe(true);
});
