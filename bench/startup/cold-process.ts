import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { invariant } from "../../src/errors/families.ts";

/** What a process printed, and how long it lived. */
export interface FinishedProcess {
  readonly stdout: string;
  /** From starting it to its end, ms, as a shell would see it. */
  readonly milliseconds: number;
}

/** Runs Node from cold: a new process, without the loaders of this one. @throws {InvariantError} if it fails. */
export async function runNode(args: readonly string[]): Promise<FinishedProcess> {
  const start = performance.now();
  const { stdout, failure } = await promisify(execFile)(process.execPath, [...args], { env: plainEnvironment() }).then(
    (finished) => ({ stdout: finished.stdout, failure: undefined }),
    (error: unknown) => ({ stdout: "", failure: error }),
  );
  const milliseconds = performance.now() - start;
  invariant(failure === undefined, `node ${args.join(" ")} failed: ${String(failure)}`);
  return { stdout, milliseconds };
}

/** This process's environment without what would load more than the program itself. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _options, NODE_V8_COVERAGE: _coverage, ...others } = process.env;
  return others;
}
