import type { PathMatrix } from "../../embed/diversity/path-matrix.ts";
import type { Estimate } from "../bootstrap.ts";
import type { CaseGallery } from "../cases/query-case.ts";
import type { Fact } from "../report/report-types.ts";
import type { ScoredView } from "../views.ts";
import type { QueryClass } from "./query-class.ts";

/** What a model's paths do on queries with known answers, as `explain.json` holds it. Shares are from 0 to 1; paths count from 0. */
export interface Explanation {
  readonly format: "polyvec-explanation";
  readonly version: 1;
  readonly title: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** What a reader must know first. */
  readonly notices: readonly string[];
  /** What was found, in words. */
  readonly findings: readonly string[];
  readonly facts: readonly Fact[];
  readonly model: { readonly name: string; readonly pathCount: number };
  readonly bootstrap: { readonly seed: number; readonly resamples: number; readonly confidence: number };
  /** The ways of scoring; lists by view are in this order. */
  readonly views: readonly ScoredView[];
  readonly tasks: readonly ExplainedTask[];
  /** Unweighted means over the tasks. */
  readonly means: TaskSummary;
  /** Means over the tasks; null for one path. */
  readonly agreement: Agreement | null;
  readonly preferences: readonly Preference[];
  readonly cases: CaseGallery;
}

/** A task and what was found on it. */
export interface ExplainedTask {
  readonly name: string;
  readonly family: string;
  readonly candidates: number;
  readonly chance: number;
  readonly summary: TaskSummary;
  /** null for one path. */
  readonly agreement: Agreement | null;
  /** How the aggregate is made of the paths; null for one path. */
  readonly weights: PathWeights | null;
  readonly queries: readonly ExplainedQuery[];
  /** What candidates are that a query names, by their place in the task's pool. */
  readonly candidateNames: Readonly<Record<string, string>>;
}

/** Shares of the queries of a task, or means of these over tasks. */
export interface TaskSummary {
  readonly queries: number;
  /** P@1 of every view. */
  readonly precision: readonly Estimate[];
  /** Mean reciprocal rank of the right candidate in every view. */
  readonly reciprocalRank: readonly Estimate[];
  readonly classes: readonly ClassShare[];
  /** The aggregate is right though no path is. */
  readonly rescued: CountedShare;
  /** The aggregate is wrong though a path is right. */
  readonly lost: CountedShare;
  /** null for one path. */
  readonly gap: OracleGap | null;
}

/** How many queries, and which share of all. */
export interface CountedShare extends Estimate {
  readonly queries: number;
}

/** The queries of a class, and how many of them the aggregate answers. */
export interface ClassShare extends CountedShare {
  readonly class: QueryClass;
  readonly aggregateRight: number;
}

/** From the mean of the paths alone to the best path of each query, chosen with the answer known. */
export interface OracleGap {
  /** P@1 of the paths, their mean. */
  readonly meanPath: Estimate;
  readonly oracle: Estimate;
  /** The share of the way from the one to the other that a way of scoring goes; null where the two are not surely apart. */
  readonly closed: Readonly<Record<"aggregate" | "all" | "maxSim", Estimate | null>>;
}

/** How alike the paths judge. Rows and columns are the paths, then the aggregate. */
export interface Agreement {
  /** Share of the queries on which both put the same candidate first. */
  readonly sameFirst: PathMatrix;
  /** Mean Spearman correlation of their scores over a query's candidates. */
  readonly rankCorrelation: PathMatrix;
  /** Of the queries that at least one of both answers, the share that both do. */
  readonly rightTogether: PathMatrix;
}

/** The weights of the paths in the aggregate, found from the vectors. */
export interface PathWeights {
  readonly queries: WeightSpread;
  readonly candidates: WeightSpread;
  /** Where some paths are right and others wrong: the mean weight of the right ones minus that of the wrong ones; null if there is no such query. */
  readonly rightMinusWrong: Estimate | null;
}

/** Mean and standard deviation over inputs, path by path. */
export interface WeightSpread {
  /** Inputs whose weights could be told. */
  readonly inputs: number;
  /** Inputs whose weights could not: paths too much alike, or an aggregate that is no weighted sum of them. */
  readonly unknown: number;
  /** Empty if none could be told. */
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/** What queries are taken together by. */
export type PreferenceKind = "task" | "family" | "label";

/** A path beside the mean of the others on some queries. */
export interface Preference {
  readonly path: number;
  readonly kind: PreferenceKind;
  /** The task, family or label. */
  readonly name: string;
  readonly queries: number;
  /** P@1 of the path, and the mean of the others'. */
  readonly precision: number;
  readonly others: number;
  /** Its interval is not corrected. */
  readonly difference: Estimate;
  /** Two-sided, corrected for all paths and groups of the kind. */
  readonly p: number;
}

/** One query. */
export interface ExplainedQuery {
  /** Its number in the task's data, from 0. */
  readonly row: number;
  /** What it is, cut short. */
  readonly query: string;
  /** The right candidate's place in the task's pool. */
  readonly answer: number;
  /** What it is about; null if nothing says. */
  readonly label: string | null;
  readonly class: QueryClass;
  /** The rank of the right candidate in every view; ties count against it. */
  readonly ranks: readonly number[];
  /** The highest candidates of every view: their places in the pool and their scores. */
  readonly tops: readonly (readonly (readonly [candidate: number, score: number])[])[];
  /** The weights of the paths in the query's aggregate; null if they cannot be told, or there is one path. */
  readonly weights: readonly number[] | null;
}
