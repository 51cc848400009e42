import type { Estimate } from "../bootstrap.ts";
import type { CaseGallery } from "../cases/query-case.ts";
import type { Diversity } from "../diversity.ts";
import type { ConceptGroup } from "../ranking-task.ts";

/** Everything a report shows and plots, as `report.json` holds it. Scores are shares from 0 to 1. */
export interface Report {
  readonly format: "polyvec-report";
  readonly version: 1;
  readonly title: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** What a reader must know first, e.g. that the numbers are made up; null if there is nothing. */
  readonly notice: string | null;
  /** What was run, in the order shown: data, steps, batch, machine, ... */
  readonly facts: readonly Fact[];
  readonly bootstrap: { readonly seed: number; readonly resamples: number; readonly confidence: number };
  readonly tasks: readonly ReportTask[];
  readonly models: readonly ReportModel[];
  /** The id of the model that all others are compared with. */
  readonly reference: string;
  /** The id of the model the report is about. */
  readonly main: string;
  readonly comparisons: readonly Comparison[];
  readonly curves: readonly LearningCurve[];
  readonly diversity: readonly ModelDiversity[];
  readonly searches: readonly ReportSearch[];
  /** Misses and disagreements of the main model, with pictures; null if they were not looked for. */
  readonly cases: CaseGallery | null;
  /** The same of the reference, where that is another model. */
  readonly referenceCases: CaseGallery | null;
}

/** One line of what was run. */
export interface Fact {
  readonly label: string;
  readonly value: string;
}

/** A task, with the marks every model is measured against. */
export interface ReportTask {
  readonly name: string;
  readonly family: string;
  readonly concepts: ConceptGroup;
  readonly vendor: string;
  readonly queries: number;
  /** The mean number of candidates per query. */
  readonly candidates: number;
  /** Chance first. */
  readonly baselines: readonly Baseline[];
}

/** A score that needs no model: chance, raw pixels, tag overlap. */
export interface Baseline {
  readonly name: string;
  readonly score: number;
}

/** What a model is in the report. */
export type ModelRole = "baseline" | "main" | "ablation" | "yardstick";

/** Ways to score with a model's N vectors; `single` is the one path a run names. */
export type ScoreView = "single" | "aggregate" | "all" | "maxSim" | "oracle";

/** One setup, trained with one or more seeds. */
export interface ReportModel {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly role: ModelRole;
  readonly pathCount: number;
  readonly seeds: readonly number[];
  readonly scores: Readonly<Record<ScoreView, ViewScores>>;
  /** Every single path of the first seed: paths of different seeds do not correspond. */
  readonly paths: readonly ViewScores[];
  readonly cost: ModelCost;
}

/** Scores of one way of scoring. */
export interface ViewScores {
  /** In the order of the report's tasks. */
  readonly tasks: readonly Estimate[];
  readonly means: GroupMeans;
}

/** Unweighted means over tasks: all of them, those of seen and those of unseen concepts; null where there is no such task. */
export interface GroupMeans {
  readonly all: SeededEstimate;
  readonly seen: SeededEstimate | null;
  readonly unseen: SeededEstimate | null;
}

/** Which tasks a mean is over. */
export type TaskGroup = "all" | ConceptGroup;

/** A mean over seeds with its interval, and each seed's value. */
export interface SeededEstimate extends Estimate {
  /** In the order of the model's seeds. */
  readonly perSeed: readonly number[];
  /** Over seeds, n - 1 below; null for one seed. */
  readonly standardDeviation: number | null;
}

/** What a model costs, averaged over seeds; null where it was not measured. */
export interface ModelCost {
  readonly trainingSeconds: number | null;
  readonly trainingFlops: number | null;
  readonly trainableParameters: number | null;
  /** Milliseconds per input, by what is asked for. */
  readonly embeddingMs: Readonly<Record<EmbeddingView, number | null>>;
}

/** What a caller can ask the embedder for. */
export type EmbeddingView = "single" | "aggregate" | "all";

/** `left - right`, paired query by query and seed by seed where the seeds are the same. */
export interface Comparison {
  readonly left: ScoredModel;
  readonly right: ScoredModel;
  /** In the order of the report's tasks. */
  readonly tasks: readonly Estimate[];
  readonly means: { readonly all: Estimate; readonly seen: Estimate | null; readonly unseen: Estimate | null };
}

/** A model scored in one way. */
export interface ScoredModel {
  readonly model: string;
  readonly view: ScoreView;
}

/** How one run learnt. */
export interface LearningCurve {
  readonly model: string;
  readonly seed: number;
  /** In the order of steps. */
  readonly points: readonly CurvePoint[];
}

/** One step of a run; null for what was not measured at that step. */
export interface CurvePoint {
  readonly step: number;
  /** Training loss, nats. */
  readonly loss: number | null;
  /** P@1 of the aggregate on validation. */
  readonly precision: number | null;
  /** P@1 of each path on validation. */
  readonly pathPrecisions: readonly number[] | null;
}

/** The diversity of one run's paths. */
export interface ModelDiversity extends Diversity {
  readonly model: string;
  readonly seed: number;
  readonly mutualInformation: MutualInformation | null;
}

/** What the estimator of mutual information said, as means over the pairs of paths. */
export interface MutualInformation {
  /** The vCLUB bound, nats. */
  readonly vclub: number;
  /** Log-likelihood on held-out batches, nats per pair of vectors; null if it was not measured. */
  readonly heldOutLogLikelihood: number | null;
  /** Whether the estimator beats one that ignores its input: the bound of a dead one means nothing. */
  readonly alive: boolean | null;
}

/** An example search, answered by one model. */
export interface ReportSearch {
  readonly text: string | null;
  /** A `data:image/png;base64,` URI. */
  readonly image: string | null;
  readonly instruction: string | null;
  readonly model: string;
  readonly view: ScoreView;
  readonly hits: readonly ReportSearchHit[];
}

/** One answer of an example search. */
export interface ReportSearchHit {
  readonly label: string;
  readonly detail: string | null;
  readonly score: number;
  /** A `data:image/png;base64,` URI. */
  readonly image: string | null;
  /** Whether it is a right answer; null if nobody knows. */
  readonly correct: boolean | null;
}
