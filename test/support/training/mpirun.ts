import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** The `mpirun` of this machine, with what it needs to start more processes than there are cores, as any user. */
export interface MpiRun {
  readonly description: string;
  readonly command: readonly string[];
  readonly isOpenMpi: boolean;
}

/** @returns undefined where there is none. */
export function findMpiRun(): MpiRun | undefined {
  const name = process.env["POLYVEC_TEST_MPIRUN"] ?? "mpirun";
  const { status, stdout } = spawnSync(name, ["--version"], { encoding: "utf8" });
  if (status !== 0) return undefined;
  const [description = ""] = stdout.trim().split("\n");
  const isOpenMpi = stdout.includes("Open MPI");
  const asRoot = process.getuid?.() === 0 ? ["--allow-run-as-root"] : [];
  return { description, isOpenMpi, command: isOpenMpi ? [name, ...asRoot, "--oversubscribe", "--bind-to", "none"] : [name] };
}

/** What a job printed and ended with. */
export interface JobResult {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** How a job is run. */
export interface JobOptions {
  readonly processes: number;
  /** In place of the command line's. */
  readonly script?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A folder in which each process notes the code that it ends with, in a file of its own. */
  readonly exitCodes?: string;
  /** Told of every line on stdout; `kill` sends a signal to the launcher. */
  readonly onLine?: (line: string, kill: (signal: NodeJS.Signals) => void) => void;
}

const MAIN = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));
const NOTE_EXIT = fileURLToPath(new URL("../../fixtures/training/note-exit.ts", import.meta.url));

/** Runs `polyvec`, or a script, in several processes. */
export async function runJob(
  { command }: MpiRun,
  args: readonly string[],
  { processes, script = MAIN, env, exitCodes, onLine }: JobOptions,
): Promise<JobResult> {
  const [program = "", ...options] = command;
  const node = [process.execPath, "--import", "tsx", ...(exitCodes === undefined ? [] : ["--import", NOTE_EXIT])];
  const child = spawn(program, [...options, "-n", String(processes), ...node, script, ...args], {
    env: { ...process.env, ...(exitCodes === undefined ? {} : { NOTE_EXIT_FOLDER: exitCodes }), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [out, err, rest] = ["", "", ""];
  child.stderr.on("data", (text: Buffer) => (err += text.toString()));
  child.stdout.on("data", (text: Buffer) => {
    out += text.toString();
    const lines = (rest + text.toString()).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine?.(line, (signal) => child.kill(signal));
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, out, err };
}
