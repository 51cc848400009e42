import { z } from "zod";
import { DataError } from "../../errors/families.ts";
import { caseGallerySchema } from "../cases/query-case.ts";
import { diversityShape } from "../evaluation-record.ts";
import type { Estimate } from "../bootstrap.ts";
import type * as types from "./report-types.ts";

const share = z.number();

/** The fields of {@link Estimate} in JSON. */
export const estimateShape: { readonly [K in keyof Estimate]: z.ZodType<number> } = { value: share, low: share, high: share };

/** {@link Estimate} in JSON. */
export const estimateSchema: z.ZodType<Estimate> = z.strictObject(estimateShape);
const seededEstimate: z.ZodType<types.SeededEstimate> = z.strictObject({
  ...estimateShape,
  perSeed: z.array(share),
  standardDeviation: z.number().nullable(),
});
const concepts = z.enum(["seen", "unseen"]);
const view: z.ZodType<types.ScoreView> = z.enum(["single", "aggregate", "all", "maxSim", "oracle"]);
const pngUri = z.string().regex(/^data:image\/png;base64,[A-Za-z0-9+/]+={0,2}$/, "expected a data:image/png;base64 URI");

const task: z.ZodType<types.ReportTask> = z.strictObject({
  name: z.string(),
  family: z.string(),
  concepts,
  vendor: z.string(),
  queries: z.int().nonnegative(),
  candidates: z.number(),
  baselines: z.array(z.strictObject({ name: z.string(), score: share })),
});

const viewScores: z.ZodType<types.ViewScores> = z.strictObject({
  tasks: z.array(estimateSchema),
  means: z.strictObject({ all: seededEstimate, seen: seededEstimate.nullable(), unseen: seededEstimate.nullable() }),
});

const cost: z.ZodType<types.ModelCost> = z.strictObject({
  trainingSeconds: z.number().nullable(),
  trainingFlops: z.number().nullable(),
  trainableParameters: z.number().nullable(),
  embeddingMs: z.strictObject({ single: z.number().nullable(), aggregate: z.number().nullable(), all: z.number().nullable() }),
});

const model: z.ZodType<types.ReportModel> = z.strictObject({
  id: z.string(),
  name: z.string(),
  description: z.string().nullable(),
  role: z.enum(["baseline", "main", "ablation", "yardstick"]),
  pathCount: z.int().positive(),
  seeds: z.array(z.int()),
  scores: z.strictObject({ single: viewScores, aggregate: viewScores, all: viewScores, maxSim: viewScores, oracle: viewScores }),
  paths: z.array(viewScores),
  cost,
});

const scoredModel: z.ZodType<types.ScoredModel> = z.strictObject({ model: z.string(), view });

const comparison: z.ZodType<types.Comparison> = z.strictObject({
  left: scoredModel,
  right: scoredModel,
  tasks: z.array(estimateSchema),
  means: z.strictObject({ all: estimateSchema, seen: estimateSchema.nullable(), unseen: estimateSchema.nullable() }),
});

const curve: z.ZodType<types.LearningCurve> = z.strictObject({
  model: z.string(),
  seed: z.int(),
  points: z.array(
    z.strictObject({
      step: z.number(),
      loss: z.number().nullable(),
      precision: z.number().nullable(),
      pathPrecisions: z.array(z.number()).nullable(),
    }),
  ),
});

const modelDiversity: z.ZodType<types.ModelDiversity> = z.strictObject({
  ...diversityShape,
  model: z.string(),
  seed: z.int(),
  mutualInformation: z
    .strictObject({ vclub: z.number(), heldOutLogLikelihood: z.number().nullable(), alive: z.boolean().nullable() })
    .nullable(),
});

const search: z.ZodType<types.ReportSearch> = z.strictObject({
  text: z.string().nullable(),
  image: pngUri.nullable(),
  instruction: z.string().nullable(),
  model: z.string(),
  view,
  hits: z.array(
    z.strictObject({
      label: z.string(),
      detail: z.string().nullable(),
      score: z.number(),
      image: pngUri.nullable(),
      correct: z.boolean().nullable(),
    }),
  ),
});

/** `report.json`, version 1. Unknown fields are refused. */
const reportSchema: z.ZodType<types.Report> = z.strictObject({
  format: z.literal("polyvec-report"),
  version: z.literal(1),
  title: z.string(),
  createdAt: z.iso.datetime(),
  notice: z.string().nullable(),
  facts: z.array(z.strictObject({ label: z.string(), value: z.string() })),
  bootstrap: z.strictObject({ seed: z.int(), resamples: z.int(), confidence: z.number() }),
  tasks: z.array(task),
  models: z.array(model),
  reference: z.string(),
  main: z.string(),
  comparisons: z.array(comparison),
  curves: z.array(curve),
  diversity: z.array(modelDiversity),
  searches: z.array(search),
  cases: caseGallerySchema.nullable().default(null),
  referenceCases: caseGallerySchema.nullable().default(null),
});

/**
 * Reads what is in a `report.json`.
 * @param source the file's name, for the error. @throws {DataError} that names the field.
 */
export function parseReport(json: unknown, source: string): types.Report {
  const parsed = reportSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const message = `${source} is not a report of this version: ${z.prettifyError(parsed.error)}; make the report again`;
  throw new DataError({ message, details: { file: source } });
}
