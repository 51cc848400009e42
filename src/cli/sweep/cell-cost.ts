import { dirname, join } from "node:path";
import { z } from "zod";
import type { ModelCost } from "../../eval/report/report-types.ts";
import { writeJsonAtomic } from "../../files/atomic-write.ts";
import { readJsonFile } from "../../files/json-file.ts";
import { openModelFolder } from "../../model/folder/open-model-folder.ts";
import { RUN_FILES } from "../../train/run/run-files.ts";
import type { RunContext } from "../runs/run-context.ts";
import { readRunLog } from "../runs/run-log.ts";
import { timeModels } from "../runs/time-models.ts";
import { trainableParameters, trainingFlops } from "../runs/training-cost.ts";
import type { SweepBenchmark } from "./sweep-benchmark.ts";
import { recipeForSeed } from "./sweep-cells.ts";
import type { SweepRunPlace } from "./sweep-folder.ts";

/** What of a cell's cost is the same for all its seeds. */
export type CellCost = Pick<ModelCost, "trainingFlops" | "trainableParameters" | "embeddingMs">;

const amount = z.number().nullable();
const schema = z.strictObject({
  format: z.literal("polyvec-cell-cost"),
  version: z.literal(1),
  trainingFlops: amount,
  trainableParameters: amount,
  embeddingMs: z.strictObject({ single: amount, aggregate: amount, all: amount }),
});

/** Times an input is embedded for its time; the median counts. */
const ROUNDS = 5;

/** Counts and times a finished run of a cell, or reads what was found before. @throws {AbortedError} when the signal fires. */
export async function cellCost(place: SweepRunPlace, benchmark: SweepBenchmark, context: RunContext): Promise<CellCost> {
  const file = join(dirname(place.folder), "cost.json");
  const known = schema.safeParse(await readJsonFile(file).catch(() => undefined));
  if (known.success) return known.data;
  const cost = await measure(place, benchmark, context);
  await writeJsonAtomic(file, { format: "polyvec-cell-cost", version: 1, ...cost });
  return cost;
}

async function measure({ cell, seed, folder }: SweepRunPlace, benchmark: SweepBenchmark, context: RunContext): Promise<CellCost> {
  const recipe = recipeForSeed(cell, seed);
  const modelFolder = join(folder, RUN_FILES.model);
  const { steps } = await readRunLog(folder);
  const model = await openModelFolder(modelFolder);
  const data = await context.openData(recipe);
  try {
    const inputs = await benchmark.timedInputs();
    const times = await timeModels(new Map([[cell.id, modelFolder]]), { label: `time ${cell.label}`, inputs, rounds: ROUNDS }, context);
    return {
      trainingFlops: await trainingFlops({ recipe, model, source: data.source, steps }),
      trainableParameters: trainableParameters({ recipe, model }),
      embeddingMs: times.get(cell.id) ?? { single: null, aggregate: null, all: null },
    };
  } finally {
    await model.close();
    await data.dispose?.();
  }
}
