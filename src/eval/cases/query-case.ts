import { z } from "zod";
import type { ScoredView } from "../views.ts";

/** A query or candidate as people see it; null for what it does not have. */
export interface CaseItem {
  /** What it is, in words that no model sees. */
  readonly name: string | null;
  readonly text: string | null;
  readonly instruction: string | null;
  /** What its picture is called in {@link CaseGallery.pictures}. */
  readonly image: string | null;
}

/** A candidate of a case. Lists are in the order of the case's views. */
export interface CaseCandidate {
  readonly item: CaseItem;
  readonly right: boolean;
  /** null for what is no number. */
  readonly scores: readonly (number | null)[];
  /** How many candidates score above it, and 1. */
  readonly ranks: readonly number[];
}

/** Why a query is shown: the model was surest of a wrong answer, or its paths put the most different candidates first. */
export type CaseReason = "confident miss" | "paths disagree";

/** A query with what stood to choice, as far as any way of scoring put it in front. */
export interface QueryCase {
  readonly why: CaseReason;
  /** Its number in the task's data, from 0. */
  readonly row: number;
  readonly query: CaseItem;
  /** By how much the best wrong candidate scores above the right one, by the aggregate; null if there is none. */
  readonly margin: number | null;
  readonly views: readonly ScoredView[];
  /** The rank of the right one in each view: ties count against it. */
  readonly ranks: readonly number[];
  /** How many stood to choice. */
  readonly choices: number;
  /** The right one first, the others as the aggregate has them. */
  readonly candidates: readonly CaseCandidate[];
}

/** The cases of a task. */
export interface TaskCases {
  readonly task: string;
  readonly cases: readonly QueryCase[];
}

/** Cases with their pictures. */
export interface CaseGallery {
  readonly tasks: readonly TaskCases[];
  /** Small pictures as `data:image/webp;base64,` URIs, by the name that items have. */
  readonly pictures: Readonly<Record<string, string>>;
  /** Pictures that are not shown because the page would grow too large. */
  readonly leftOut: number;
  /** Pictures that could not be read. */
  readonly unreadable: number;
}

const word = z.string().nullable();
const itemSchema: z.ZodType<CaseItem> = z.strictObject({ name: word, text: word, instruction: word, image: word });
const ranks = z.array(z.int().positive());

/** {@link ScoredView} in JSON. */
export const viewSchema: z.ZodType<ScoredView> = z.union([
  z.enum(["aggregate", "all", "maxSim"]),
  z.templateLiteral(["path ", z.int().nonnegative()]),
]);

/** {@link QueryCase} in JSON. */
export const queryCaseSchema: z.ZodType<QueryCase> = z.strictObject({
  why: z.enum(["confident miss", "paths disagree"]),
  row: z.int().nonnegative(),
  query: itemSchema,
  margin: z.number().nullable(),
  views: z.array(viewSchema),
  ranks,
  choices: z.int().positive(),
  candidates: z.array(z.strictObject({ item: itemSchema, right: z.boolean(), scores: z.array(z.number().nullable()), ranks })),
});

/** {@link CaseGallery} in JSON. */
export const caseGallerySchema: z.ZodType<CaseGallery> = z.strictObject({
  tasks: z.array(z.strictObject({ task: z.string(), cases: z.array(queryCaseSchema) })),
  pictures: z.record(
    z.string(),
    z.string().regex(/^data:image\/webp;base64,[A-Za-z0-9+/]+={0,2}$/, "expected a data:image/webp;base64 URI"),
  ),
  leftOut: z.int().nonnegative(),
  unreadable: z.int().nonnegative(),
});

/** A gallery for whoever reads JSON from a pipe: without its pictures, which are in the written files. */
export function withoutPictures<Gallery extends CaseGallery | null>(gallery: Gallery): Gallery {
  return gallery === null ? gallery : { ...gallery, pictures: {} };
}
