import { join } from "node:path";
import { z } from "zod";
import { readJsonFile } from "../../files/json-file.ts";
import type { Recipe } from "../../train/recipe/recipe-types.ts";
import { RUN_FILES } from "../../train/run/run-files.ts";
import type { PlannedRun } from "./plan-runs.ts";
import { readRunLog, trainingSeconds, type RunLog } from "../runs/run-log.ts";
import type { FinishedRun } from "./setups.ts";

/** A run that is trained, with what it wrote. */
export interface TrainedRun extends PlannedRun, FinishedRun {
  readonly recipe: Recipe;
  readonly log: RunLog;
  /** The folder of the trained model. */
  readonly model: string;
}

const calibrationSchema = z.object({ scale: z.number().positive() });

/** Reads what a finished run wrote. @throws {FileError} {DataError} as `readRunLog`. */
export async function readFinishedRun(run: PlannedRun, recipe: Recipe): Promise<TrainedRun> {
  const log = await readRunLog(run.folder);
  const calibration = calibrationSchema.safeParse(await readJsonFile(join(run.folder, RUN_FILES.calibration)).catch(() => undefined));
  return {
    ...run,
    recipe,
    log,
    model: join(run.folder, RUN_FILES.model),
    trainingSeconds: trainingSeconds(log),
    prefixScale: calibration.success ? calibration.data.scale : undefined,
  };
}
