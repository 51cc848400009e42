import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { BlockRun } from "./block-session.ts";

const SCRIPT = fileURLToPath(new URL("block-memory.ts", import.meta.url));

/** Bytes that weights, inputs and two runs add to a process at their peak: in one of its own, as memory once used is not given back. */
export async function peakMemoryOf(run: BlockRun): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, [...process.execArgv, SCRIPT, JSON.stringify(run)]);
  return Number(stdout);
}

/** Bytes as whole MiB. */
export function mebibytes(bytes: number | undefined): string {
  return bytes === undefined ? "unknown" : `${Math.round(bytes / 2 ** 20)} MiB`;
}
