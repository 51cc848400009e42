import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** Runs a TypeScript file in a process of its own, with a request as its argument, and reads what it prints as JSON. */
export async function runScript<Result>(script: URL, request: unknown, signal?: AbortSignal): Promise<Result> {
  const run = [process.execPath, ["--import", "tsx", fileURLToPath(script), JSON.stringify(request)]] as const;
  const { stdout } = await promisify(execFile)(...run, { maxBuffer: 2 ** 26, ...(signal === undefined ? {} : { signal }) });
  return JSON.parse(stdout) as Result;
}
