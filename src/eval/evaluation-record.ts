import { z } from "zod";
import type { PathMatrix } from "../embed/diversity/path-matrix.ts";
import { DataError } from "../errors/families.ts";
import type { Diversity } from "./diversity.ts";
import type { ModelEvaluation, TaskEvaluation } from "./evaluate.ts";
import type { ViewHits } from "./scoring.ts";

/** {@link PathMatrix} in JSON. */
export const pathMatrixSchema: z.ZodType<PathMatrix> = z.array(z.array(z.number().nullable()));

/** The fields of {@link Diversity} in JSON. */
export const diversityShape: { readonly [K in keyof Diversity]: z.ZodType<Diversity[K]> } = {
  rawCosine: pathMatrixSchema,
  centredCosine: pathMatrixSchema,
  cka: pathMatrixSchema,
  rankCorrelation: pathMatrixSchema,
  verdict: z.enum(["distinct", "partly-collapsed", "collapsed", "single-path"]),
};

/** {@link ViewHits} as text, one character per row: 1 hit, 0 miss. */
export interface ViewHitsRecord {
  readonly aggregate: string;
  readonly paths: readonly string[];
  readonly all: string;
  readonly maxSim: string;
  readonly oracle: string;
}

/** A {@link ModelEvaluation} as it is written to `evaluation.json`: every query's outcome, so that any comparison can be made later. */
export interface EvaluationRecord {
  readonly format: "polyvec-evaluation";
  readonly version: 1;
  readonly pathCount: number;
  readonly tasks: readonly (Omit<TaskEvaluation, "hits"> & { readonly hits: ViewHitsRecord })[];
  readonly diversity: Diversity | null;
}

const hitsSchema = z.string().regex(/^[01]*$/);

/** {@link ViewHitsRecord} in JSON. */
export const viewHitsSchema: z.ZodType<ViewHitsRecord> = z.strictObject({
  aggregate: hitsSchema,
  paths: z.array(hitsSchema),
  all: hitsSchema,
  maxSim: hitsSchema,
  oracle: hitsSchema,
});

const recordSchema: z.ZodType<EvaluationRecord> = z.strictObject({
  format: z.literal("polyvec-evaluation"),
  version: z.literal(1),
  pathCount: z.int().positive(),
  tasks: z.array(
    z.strictObject({
      name: z.string(),
      family: z.string(),
      concepts: z.enum(["seen", "unseen"]),
      vendor: z.string(),
      candidates: z.number(),
      chance: z.number(),
      hits: viewHitsSchema,
    }),
  ),
  diversity: z.strictObject(diversityShape).nullable(),
});

/** The evaluation as plain JSON. */
export function toEvaluationRecord({ pathCount, tasks, diversity }: ModelEvaluation): EvaluationRecord {
  const entries = tasks.map(({ hits, ...task }) => Object.assign({}, task, { hits: writeHits(hits) }));
  return { format: "polyvec-evaluation", version: 1, pathCount, tasks: entries, diversity };
}

/**
 * Reads what {@link toEvaluationRecord} made.
 * @param source the file's name, for the error. @throws {DataError} that names the field, if it is something else.
 */
export function parseEvaluationRecord(json: unknown, source: string): ModelEvaluation {
  const parsed = recordSchema.safeParse(json);
  if (!parsed.success) {
    const message = `${source} is not an evaluation of this version: ${z.prettifyError(parsed.error)}; run the evaluation again`;
    throw new DataError({ message, details: { file: source } });
  }
  const { pathCount, tasks, diversity } = parsed.data;
  const evaluations = tasks.map(({ hits, ...task }): TaskEvaluation => Object.assign({}, task, { hits: readHits(hits) }));
  return { pathCount, tasks: evaluations, diversity };
}

/** Hits as text, one character per row. */
export function writeHits({ aggregate, paths, all, maxSim, oracle }: ViewHits): ViewHitsRecord {
  return {
    aggregate: aggregate.join(""),
    paths: paths.map((hits) => hits.join("")),
    all: all.join(""),
    maxSim: maxSim.join(""),
    oracle: oracle.join(""),
  };
}

/** Hits from text. */
export function readHits({ aggregate, paths, all, maxSim, oracle }: ViewHitsRecord): ViewHits {
  const read = (text: string): Uint8Array => Uint8Array.from(text, Number);
  return { aggregate: read(aggregate), paths: paths.map(read), all: read(all), maxSim: read(maxSim), oracle: read(oracle) };
}
