import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** What a process that embeds tells of itself. */
export interface EmbedTimes {
  /** Until the model is opened: configurations and headers. */
  readonly openMs: number;
  /** The first input: the graph is made, weights are taken in. */
  readonly firstMs: number;
  /** Further inputs, ms each. */
  readonly times: readonly number[];
  readonly residentBytes: number;
  readonly peakBytes: number;
  readonly embedding: readonly number[];
}

const SCRIPT = fileURLToPath(new URL("./embed-process.ts", import.meta.url));

/** Embeds in a process of its own, whose memory is the model's alone. */
export async function embedInProcess(folder: string, rounds: number): Promise<EmbedTimes> {
  const { stdout } = await promisify(execFile)(process.execPath, ["--import", "tsx", SCRIPT, folder, String(rounds)], {
    maxBuffer: 2 ** 24,
  });
  return JSON.parse(stdout) as EmbedTimes;
}
