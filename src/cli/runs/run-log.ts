import { join } from "node:path";
import { z } from "zod";
import { DataError } from "../../errors/families.ts";
import { readJsonLines } from "../../files/json-lines.ts";
import type { CurvePoint, MutualInformation } from "../../eval/report/report-types.ts";
import { RUN_FILES } from "../../train/run/run-files.ts";
import { pathScoreName } from "../training/training-scorer.ts";

/** A step of a run, as far as a report needs it. */
export interface LoggedTrainingStep {
  readonly step: number;
  readonly task: string;
  readonly loss: number;
  readonly seconds: number;
  readonly estimator?: { readonly value: number; readonly likelihoodGain: number; readonly negativeLogLikelihood: number } | undefined;
}

/** A validation within a run: P@1 by name, see `TrainingScorer`. */
export interface LoggedValidation {
  readonly step: number;
  readonly scores: Readonly<Record<string, number>>;
}

/** What a run wrote to its `metrics.jsonl`. */
export interface RunLog {
  readonly steps: readonly LoggedTrainingStep[];
  readonly validations: readonly LoggedValidation[];
}

/** Whatever else runs log (warnings, changed settings) is passed over. */
const eventSchema = z.union([
  z.object({
    type: z.literal("step"),
    step: z.int(),
    task: z.string(),
    loss: z.number(),
    seconds: z.number(),
    estimator: z.object({ value: z.number(), likelihoodGain: z.number(), negativeLogLikelihood: z.number() }).optional(),
  }),
  z.object({ type: z.literal("evaluation"), step: z.int(), scores: z.record(z.string(), z.number()) }),
  z.object({
    type: z
      .string()
      .refine((type) => type !== "step" && type !== "evaluation")
      .transform(() => "other" as const),
  }),
]);

/** Reads a run's `metrics.jsonl`. @throws {FileError} if it cannot be read. @throws {DataError} that names the row. */
export async function readRunLog(folder: string): Promise<RunLog> {
  const file = join(folder, RUN_FILES.metrics);
  const { rows } = await readJsonLines(file);
  const events = rows.map((row, index) => {
    const parsed = eventSchema.safeParse(row);
    if (parsed.success) return parsed.data;
    const message = `${file}, row ${index + 1}: ${z.prettifyError(parsed.error)}; train the run again in another folder`;
    throw new DataError({ message, details: { file, row: index + 1 } });
  });
  return { steps: events.filter((event) => event.type === "step"), validations: events.filter((event) => event.type === "evaluation") };
}

/** Seconds of all steps, data included, validations and checkpoints not. */
export function trainingSeconds({ steps }: RunLog): number {
  return steps.reduce((sum, { seconds }) => sum + seconds, 0);
}

/** The learning curve: the loss of every step, and the scores at the steps that were followed by a validation. */
export function learningCurve({ steps, validations }: RunLog): CurvePoint[] {
  const scoresAt = new Map(validations.map(({ step, scores }) => [step, scores]));
  return steps.map(({ step, loss }) => {
    const scores = scoresAt.get(step);
    const paths = scores === undefined ? [] : pathScores(scores);
    return { step, loss, precision: scores?.["aggregate"] ?? null, pathPrecisions: paths.length === 0 ? null : paths };
  });
}

/** The path that was best at the last validation: what stands for the model where one path is to be used. 0 without validations. */
export function bestPath({ validations }: RunLog): number {
  const scores = pathScores(validations.at(-1)?.scores ?? {});
  return Math.max(0, scores.indexOf(Math.max(...scores)));
}

/** Steps at the end over which the estimator is read. */
const READINGS = 20;

/**
 * What the estimator of mutual information said over the last steps, before it learnt from each; undefined without one.
 * @param dimensions D: the log has nats per dimension.
 */
export function mutualInformation({ steps }: RunLog, dimensions: number): MutualInformation | undefined {
  const readings = steps.slice(-READINGS).flatMap(({ estimator }) => estimator ?? []);
  if (readings.length === 0) return undefined;
  const mean = (of: "value" | "likelihoodGain" | "negativeLogLikelihood"): number =>
    readings.reduce((sum, reading) => sum + reading[of], 0) / readings.length;
  return {
    vclub: mean("value") * dimensions,
    heldOutLogLikelihood: -mean("negativeLogLikelihood") * dimensions,
    alive: mean("likelihoodGain") > 0,
  };
}

function pathScores(scores: Readonly<Record<string, number>>): number[] {
  const found: number[] = [];
  for (let path = 0; scores[pathScoreName(path)] !== undefined; path++) found.push(scores[pathScoreName(path)] as number);
  return found;
}
