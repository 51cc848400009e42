import { EventEmitter } from "node:events";
import { PassThrough } from "node:stream";
import { COMMANDS } from "../../src/cli/commands.ts";
import { runCli, type CliEnvironment } from "../../src/cli/run-cli.ts";

/** What a command line printed and ended with. */
export interface CommandResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line of `polyvec` in this process. */
export async function runPolyvec(...args: readonly string[]): Promise<CommandResult> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const [out, err] = [collect(stdout), collect(stderr)];
  const fake = Object.assign(new EventEmitter(), { stdout, stderr, env: {}, exit: () => undefined });
  const code = await runCli(args, { commands: COMMANDS, version: "0.0.0", process: fake as unknown as CliEnvironment["process"] });
  return { code, out: out(), err: err() };
}

/** Runs a command line with `--json` and parses what it printed, one value a line; an error is parsed too. */
export async function runPolyvecJson(...args: readonly string[]): Promise<{ code: number; values: unknown[]; error: unknown }> {
  const { code, out, err } = await runPolyvec(...args, "--json");
  const parse = (text: string): unknown[] => text.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as unknown]));
  const [told] = parse(err) as [{ error: unknown }?];
  return { code, values: parse(out), error: told?.error };
}

function collect(stream: PassThrough): () => string {
  let text = "";
  stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
  return () => text;
}
