import { Command, CommanderError } from "@commander-js/extra-typings";
import { PolyvecError } from "../errors/polyvec-error.ts";
import type { CommandContext } from "./command-module.ts";
import type { CommandEntry } from "./commands.ts";
import { describeError, EXIT, exitCodeOf } from "./error-report.ts";
import { watchInterruptions } from "./terminal/abort.ts";
import { isTerminal } from "./terminal/is-terminal.ts";
import { createOutput } from "./terminal/output.ts";
import { createProgress } from "./terminal/progress.ts";
import { ToldElsewhereError } from "./told-elsewhere-error.ts";
import { UsageError } from "./usage-error.ts";

/** What the command line is run with; a test gives its own. */
export interface CliEnvironment {
  readonly commands: readonly CommandEntry[];
  readonly version: string;
  readonly process: Pick<NodeJS.Process, "stdout" | "stderr" | "env" | "on" | "off" | "exit">;
}

/** Runs one command line. @param args without node and script. @returns the exit code; never throws. */
export async function runCli(args: readonly string[], environment: CliEnvironment): Promise<number> {
  const { stderr, env } = environment.process;
  const operands = args.includes("--") ? args.slice(0, args.indexOf("--")) : args;
  const json = operands.includes("--json");
  const run: Run = { environment, json, interruption: undefined };
  try {
    const program = await buildProgram(args, run);
    if (args.length === 0) {
      stderr.write(program.helpInformation());
      return EXIT.usage;
    }
    await program.parseAsync(args, { from: "user" });
    return run.interruption ?? EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok;
    const told = error instanceof CommanderError ? asUsageError(error) : error;
    if (run.interruption === EXIT.ok && PolyvecError.isInstance(told) && told.code === "aborted") return EXIT.ok;
    const color = isTerminal(stderr) && !isSet(env["NO_COLOR"]);
    if (!(told instanceof ToldElsewhereError))
      stderr.write(`${describeError(told, { json, debug: isSet(env["POLYVEC_DEBUG"]), color })}\n`);
    return run.interruption === undefined || run.interruption === EXIT.ok ? exitCodeOf(told) : run.interruption;
  }
}

/** One run of the command line; `interruption` is the exit code that an interruption asked for, if there was one. */
interface Run {
  readonly environment: CliEnvironment;
  readonly json: boolean;
  interruption: number | undefined;
}

/** The program with every command's name and summary; only the command that was asked for is loaded whole. */
async function buildProgram(args: readonly string[], run: Run): Promise<Command> {
  const { commands, version, process } = run.environment;
  const program = new Command("polyvec")
    .description("One input, several complementary embeddings, in one forward pass.")
    .version(version)
    .exitOverride()
    .configureOutput({ writeOut: (text) => process.stdout.write(text), writeErr: () => undefined });
  const [first, second] = args.filter((argument) => !argument.startsWith("-"));
  const asked = first === "help" ? second : first;
  for (const { name, summary, load } of commands) {
    const command = program.command(name).description(summary);
    if (name !== asked) continue;
    command.option("--json", "print JSON for programs: results on stdout, an error on stderr");
    (await load()).register(command, (work) => inContext(run, work));
  }
  return program;
}

/** Does a command's work with progress, output and a way to stop it; cleans up whatever happens. */
async function inContext(run: Run, work: (context: CommandContext) => Promise<void>): Promise<void> {
  const { process } = run.environment;
  const progress = await createProgress({ stream: process.stderr, silent: run.json });
  let isMuted = false;
  const say = (text: string): void => {
    if (!isMuted) progress.note(text);
  };
  const interruption = watchInterruptions({ say, process });
  const out = createOutput(process.stdout, () => interruption.outputClosed());
  try {
    const mute = (): void => void (isMuted = true);
    await work({ signal: interruption.signal, progress, out, json: run.json, env: process.env, mute });
    await out.flush();
  } finally {
    progress.stop();
    interruption.dispose();
    run.interruption = interruption.exitCode;
  }
}

function asUsageError(error: CommanderError): UsageError {
  const message = error.message.replace(/^error: /, "").replace(/\s*\n\((.+)\)$/, " ($1)");
  return new UsageError({ message, details: { reason: error.code }, cause: error });
}

function isSet(flag: string | undefined): boolean {
  return flag !== undefined && flag !== "" && flag !== "0";
}
