import { EventEmitter } from "node:events";
import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { ConfigError } from "../errors/families.ts";
import { defineCommand, type CommandDefinition } from "./command-module.ts";
import type { CommandEntry } from "./commands.ts";
import { positiveInteger } from "./option-values.ts";
import { runCli, type CliEnvironment } from "./run-cli.ts";

type Find = CommandDefinition<[string], { top: number; json?: true }>;

function fakeProcess(env: NodeJS.ProcessEnv = {}) {
  return Object.assign(new EventEmitter(), { stdout: new PassThrough(), stderr: new PassThrough(), env, exit: () => undefined });
}

async function runWith(process: ReturnType<typeof fakeProcess>, args: readonly string[], commands: readonly CommandEntry[]) {
  const environment = { commands, version: "1.2.3", process: process as unknown as CliEnvironment["process"] };
  const code = await runCli(args, environment);
  return { code, out: String(process.stdout.read() ?? ""), err: String(process.stderr.read() ?? "") };
}

/** Runs a command line against one command, `find <what> --top <count>`, and one that must never be loaded. */
async function run(args: readonly string[], work: Find["run"] = async () => undefined, env?: NodeJS.ProcessEnv) {
  const configure: Find["configure"] = (command) =>
    command.argument("<what>").option("--top <count>", "how many", positiveInteger, 10) as ReturnType<Find["configure"]>;
  return runWith(fakeProcess(env), args, [
    { name: "find", summary: "finds things", load: async () => defineCommand({ configure, run: work }) },
    { name: "heavy", summary: "is heavy", load: () => Promise.reject(new ConfigError({ message: "loaded for nothing" })) },
  ]);
}

/** Runs a command that gets a Ctrl-C in its midst. */
async function runInterrupted(after: (signal: AbortSignal) => void) {
  const process = fakeProcess();
  const module = defineCommand({
    configure: (command) => command,
    async run(_options, { signal }) {
      process.emit("SIGINT", "SIGINT");
      after(signal);
    },
  });
  return runWith(process, ["work"], [{ name: "work", summary: "works", load: async () => module }]);
}

describe("runCli", () => {
  it("gives a command its arguments, options and context, and ends with 0", async () => {
    const { code, out } = await run(["find", "cats", "--top", "3"], async ({ top }, context, [what]) => {
      await context.out.json({ what, top, json: context.json, aborted: context.signal.aborted });
    });
    expect(JSON.parse(out)).toEqual({ what: "cats", top: 3, json: false, aborted: false });
    expect(code).toBe(0);
  });

  it("lists the commands without loading them", async () => {
    const { code, out } = await run(["--help"]);
    expect(out).toMatch(/find\s+finds things\s+heavy\s+is heavy/);
    expect(code).toBe(0);
  });

  it.each([[["find", "--help"]], [["help", "find"]]])("explains one command: %j", async (args) => {
    const { code, out } = await run(args);
    expect(out).toMatch(/Usage: polyvec find.*--json/s);
    expect(code).toBe(0);
  });

  it("tells its version", async () => {
    expect(await run(["--version"])).toMatchObject({ code: 0, out: "1.2.3\n" });
  });

  it("shows the help on stderr when no command is given", async () => {
    const { code, out, err } = await run([]);
    expect(err).toContain("finds things");
    expect([code, out]).toEqual([2, ""]);
  });

  it.each([
    [["fnid"], "error (usage): unknown command 'fnid' (Did you mean find?)\n"],
    [["find"], "error (usage): missing required argument 'what'\n"],
    [["find", "cats", "--topp"], "error (usage): unknown option '--topp' (Did you mean --top?)\n"],
    [["find", "cats", "dogs"], "error (usage): too many arguments for 'find'. Expected 1 argument but got 2.\n"],
    [["find", "cats", "--top", "0"], 'error (usage): got "0" where a whole number above 0 was expected\n'],
  ])("%j is bad usage", async (args, message) => {
    expect(await run(args)).toMatchObject({ code: 2, out: "", err: message });
  });

  it("tells a Polyvec error by code and message, and ends with 1", async () => {
    const failing = await run(["find", "x"], () => Promise.reject(new ConfigError({ message: "no field lr", details: { field: "lr" } })));
    expect(failing).toMatchObject({ code: 1, out: "", err: "error (config): no field lr\n" });
  });

  it("tells errors as JSON with --json", async () => {
    const fail = (): Promise<void> => Promise.reject(new ConfigError({ message: "no field lr", details: { field: "lr" } }));
    const { code, err } = await run(["find", "x", "--json"], fail);
    expect(JSON.parse(err)).toEqual({ error: { code: "config", message: "no field lr", details: { field: "lr" } } });
    expect(code).toBe(1);
    const usage = await run(["find", "--json"]);
    expect(JSON.parse(usage.err)).toMatchObject({ error: { code: "usage" } });
  });

  it("calls any other error unexpected, with its stack and causes under POLYVEC_DEBUG=1", async () => {
    const fail = (): Promise<void> => Promise.reject(new TypeError("x is undefined", { cause: new Error("the root") }));
    const short = await run(["find", "x"], fail);
    expect(short.err).toMatch(/^error \(unexpected\): TypeError: x is undefined \(this is a bug.*\)\n$/);
    expect(short.code).toBe(1);
    const long = await run(["find", "x"], fail, { POLYVEC_DEBUG: "1" });
    expect(long.err).toMatch(/at .*run-cli\.test\.ts.*caused by Error: the root/s);
  });

  it("ends with 130 after Ctrl-C, whether the command throws or returns", async () => {
    const thrown = await runInterrupted((signal) => signal.throwIfAborted());
    expect(thrown.code).toBe(130);
    expect(thrown.err).toContain("error (aborted): stopped by Ctrl-C");
    expect(await runInterrupted(() => undefined)).toMatchObject({ code: 130 });
  });
});
