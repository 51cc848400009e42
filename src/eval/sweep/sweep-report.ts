import { z } from "zod";
import { DataError } from "../../errors/families.ts";
import { readJsonFile } from "../../files/json-file.ts";
import type { Estimate } from "../bootstrap.ts";
import type { Fact, ModelCost, SeededEstimate } from "../report/report-types.ts";

/** Ways of scoring that cells are compared in. */
export const SWEEP_VIEWS = ["aggregate", "all", "maxSim"] as const;
/** A way of scoring that cells are compared in. */
export type SweepView = (typeof SWEEP_VIEWS)[number];

/** Mean P@1 over tasks and seeds, in every view. */
export type SweepScores = Readonly<Record<SweepView, SeededEstimate>>;

/** One seed of a cell. */
export interface SweepRun {
  readonly seed: number;
  /** Relative to the sweep's folder. */
  readonly folder: string;
  /** What ended it before its end; null for one that is trained. */
  readonly failure: string | null;
}

/** A combination of settings. */
export interface SweepCombination {
  /** In short: `count=4 prefixLength=8`. */
  readonly label: string;
  /** JSON values by dotted field. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** One cell: a recipe, trained with every seed. */
export interface SweepReportCell extends SweepCombination {
  /** A hash of its recipe, seed and name apart. */
  readonly id: string;
  /** Other combinations that come to the very same training. */
  readonly aliases: readonly SweepCombination[];
  /** `partial`: some seeds failed, so that it is shown but cannot be chosen. */
  readonly status: "finished" | "partial" | "failed";
  readonly runs: readonly SweepRun[];
  readonly pathCount: number | null;
  /** On validation, over the seeds that are trained; null if none is. */
  readonly validation: SweepScores | null;
  /** From the baseline, in the sweep's view, paired query by query and seed by seed; null for the baseline and for cells without a common seed. */
  readonly difference: Estimate | null;
  /** On data that no choice was made on; null unless it was asked for. */
  readonly test: SweepScores | null;
  readonly cost: ModelCost;
}

/** A sweep's outcome, as `sweep.json` holds it; shares from 0 to 1. */
export interface SweepReport {
  readonly format: "polyvec-sweep";
  readonly version: 1;
  readonly title: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly notices: readonly string[];
  readonly facts: readonly Fact[];
  readonly bootstrap: { readonly seed: number; readonly resamples: number; readonly confidence: number };
  readonly seeds: readonly number[];
  /** The fields that differ between cells, dotted, in the order of the definition. */
  readonly fields: readonly string[];
  readonly view: SweepView;
  /** The cell that the others are compared with. */
  readonly baseline: string;
  /** The finished cell with the highest validation score; null if none is finished. */
  readonly best: string | null;
  readonly tasks: readonly { readonly name: string; readonly queries: number }[];
  readonly cells: readonly SweepReportCell[];
}

const estimate = z.strictObject({ value: z.number(), low: z.number(), high: z.number() });
const seeded = estimate.extend({ perSeed: z.array(z.number()), standardDeviation: z.number().nullable() });
const scores = z.strictObject({ aggregate: seeded, all: seeded, maxSim: seeded });
const amount = z.number().nullable();
const combination = z.strictObject({ label: z.string(), settings: z.record(z.string(), z.unknown()) });

const schema: z.ZodType<SweepReport> = z.strictObject({
  format: z.literal("polyvec-sweep"),
  version: z.literal(1),
  title: z.string(),
  createdAt: z.iso.datetime(),
  notices: z.array(z.string()),
  facts: z.array(z.strictObject({ label: z.string(), value: z.string() })),
  bootstrap: z.strictObject({ seed: z.int(), resamples: z.int(), confidence: z.number() }),
  seeds: z.array(z.int()),
  fields: z.array(z.string()),
  view: z.enum(SWEEP_VIEWS),
  baseline: z.string(),
  best: z.string().nullable(),
  tasks: z.array(z.strictObject({ name: z.string(), queries: z.int() })),
  cells: z.array(
    combination.extend({
      id: z.string(),
      aliases: z.array(combination),
      status: z.enum(["finished", "partial", "failed"]),
      runs: z.array(z.strictObject({ seed: z.int(), folder: z.string(), failure: z.string().nullable() })),
      pathCount: z.int().nullable(),
      validation: scores.nullable(),
      difference: estimate.nullable(),
      test: scores.nullable(),
      cost: z.strictObject({
        trainingSeconds: amount,
        trainingFlops: amount,
        trainableParameters: amount,
        embeddingMs: z.strictObject({ single: amount, aggregate: amount, all: amount }),
      }),
    }),
  ),
});

/** Checks what is said to be a `sweep.json`. @param source the file's name. @throws {DataError} that names the field. */
export function parseSweepReport(json: unknown, source: string): SweepReport {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const message = `${source} is not a sweep of this version: ${z.prettifyError(parsed.error)}; run the sweep again`;
  throw new DataError({ message, details: { file: source } });
}

/** Reads a `sweep.json`. @throws {FileError} @throws {ConfigError} if it is no JSON. @throws {DataError} naming the field. */
export async function readSweepReport(file: string): Promise<SweepReport> {
  return parseSweepReport(await readJsonFile(file), file);
}
