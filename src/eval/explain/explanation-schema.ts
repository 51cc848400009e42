import { z } from "zod";
import { DataError } from "../../errors/families.ts";
import { caseGallerySchema, viewSchema } from "../cases/query-case.ts";
import { pathMatrixSchema } from "../evaluation-record.ts";
import { estimateSchema, estimateShape } from "../report/report-schema.ts";
import type * as types from "./explanation.ts";
import type { QueryClass } from "./query-class.ts";

const count = z.int().nonnegative();
const numbers = z.array(z.number());
const queryClass: z.ZodType<QueryClass> = z.union([
  z.enum(["all paths", "several paths", "no path"]),
  z.templateLiteral(["only path ", z.int().nonnegative()]),
]);
const counted = { queries: count, ...estimateShape };
const countedShare: z.ZodType<types.CountedShare> = z.strictObject(counted);

const gap: z.ZodType<types.OracleGap> = z.strictObject({
  meanPath: estimateSchema,
  oracle: estimateSchema,
  closed: z.strictObject({ aggregate: estimateSchema.nullable(), all: estimateSchema.nullable(), maxSim: estimateSchema.nullable() }),
});

const summary: z.ZodType<types.TaskSummary> = z.strictObject({
  queries: count,
  precision: z.array(estimateSchema),
  reciprocalRank: z.array(estimateSchema),
  classes: z.array(z.strictObject({ ...counted, class: queryClass, aggregateRight: count })),
  rescued: countedShare,
  lost: countedShare,
  gap: gap.nullable(),
});

const agreement: z.ZodType<types.Agreement> = z.strictObject({
  sameFirst: pathMatrixSchema,
  rankCorrelation: pathMatrixSchema,
  rightTogether: pathMatrixSchema,
});

const spread: z.ZodType<types.WeightSpread> = z.strictObject({ inputs: count, unknown: count, mean: numbers, deviation: numbers });

const query: z.ZodType<types.ExplainedQuery> = z.strictObject({
  row: count,
  query: z.string(),
  answer: count,
  label: z.string().nullable(),
  class: queryClass,
  ranks: z.array(z.int().positive()),
  tops: z.array(z.array(z.tuple([count, z.number()]))),
  weights: numbers.nullable(),
});

const task: z.ZodType<types.ExplainedTask> = z.strictObject({
  name: z.string(),
  family: z.string(),
  candidates: z.number(),
  chance: z.number(),
  summary,
  agreement: agreement.nullable(),
  weights: z.strictObject({ queries: spread, candidates: spread, rightMinusWrong: estimateSchema.nullable() }).nullable(),
  queries: z.array(query),
  candidateNames: z.record(z.string(), z.string()),
});

const preference: z.ZodType<types.Preference> = z.strictObject({
  path: count,
  kind: z.enum(["task", "family", "label"]),
  name: z.string(),
  queries: count,
  precision: z.number(),
  others: z.number(),
  difference: estimateSchema,
  p: z.number(),
});

/** `explain.json`, version 1. Unknown fields are refused. */
const explanationSchema: z.ZodType<types.Explanation> = z.strictObject({
  format: z.literal("polyvec-explanation"),
  version: z.literal(1),
  title: z.string(),
  createdAt: z.iso.datetime(),
  notices: z.array(z.string()),
  findings: z.array(z.string()),
  facts: z.array(z.strictObject({ label: z.string(), value: z.string() })),
  model: z.strictObject({ name: z.string(), pathCount: z.int().positive() }),
  bootstrap: z.strictObject({ seed: z.int(), resamples: z.int(), confidence: z.number() }),
  views: z.array(viewSchema),
  tasks: z.array(task),
  means: summary,
  agreement: agreement.nullable(),
  preferences: z.array(preference),
  cases: caseGallerySchema,
});

/**
 * Reads what is in an `explain.json`.
 * @param source the file's name, for the error. @throws {DataError} that names the field.
 */
export function parseExplanation(json: unknown, source: string): types.Explanation {
  const parsed = explanationSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const message = `${source} is not an explanation of this version: ${z.prettifyError(parsed.error)}; make it again with polyvec explain`;
  throw new DataError({ message, details: { file: source } });
}
