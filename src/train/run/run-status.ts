import { join } from "node:path";
import { z } from "zod";
import { FileError } from "../../errors/families.ts";
import { PolyvecError } from "../../errors/polyvec-error.ts";
import { writeJsonAtomic } from "../../files/atomic-write.ts";
import { readJsonFile } from "../../files/json-file.ts";
import { RUN_FILES } from "./run-files.ts";
import type { RunResult } from "./run-options.ts";

/** How a run's latest session stands, as `status.json` tells it. A session that was killed leaves "running" behind, and no process that holds the folder. */
export interface RunStatus {
  readonly state: "running" | "finished" | "interrupted" | "failed";
  /** ISO 8601, UTC: when the session began. */
  readonly since: string;
  /** When it ended. */
  readonly until?: string | undefined;
  /** Steps done, where it ended in order. */
  readonly step?: number | undefined;
  /** What ended a run that failed. */
  readonly error?: { readonly code: string; readonly message: string } | undefined;
}

const statusSchema: z.ZodType<RunStatus> = z.object({
  state: z.enum(["running", "finished", "interrupted", "failed"]),
  since: z.string(),
  until: z.string().optional(),
  step: z.number().optional(),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
});

/** Does a run's work, and notes in its folder when it began and how it ended. The note is for onlookers: where it cannot be written the run goes on without. */
export async function notingStatus(folder: string, work: () => Promise<RunResult>): Promise<RunResult> {
  const since = new Date().toISOString();
  const note = async (status: Omit<RunStatus, "since">): Promise<void> => {
    const until = status.state === "running" ? {} : { until: new Date().toISOString() };
    await writeJsonAtomic(join(folder, RUN_FILES.status), { since, ...until, ...status }).catch((error: unknown) => {
      if (!(error instanceof FileError)) throw error;
    });
  };
  await note({ state: "running" });
  try {
    const result = await work();
    await note({ state: result.status, step: result.step });
    return result;
  } catch (error) {
    await note({ state: "failed", error: describe(error) });
    throw error;
  }
}

/** What a run's folder says of it; undefined if it says nothing, or nothing that can be understood. */
export async function readStatus(folder: string): Promise<RunStatus | undefined> {
  const json = await readJsonFile(join(folder, RUN_FILES.status)).catch(() => undefined);
  return statusSchema.safeParse(json).data;
}

function describe(error: unknown): NonNullable<RunStatus["error"]> {
  const code = PolyvecError.isInstance(error) ? error.code : "unexpected";
  return { code, message: error instanceof Error ? error.message : String(error) };
}
