import type { BootstrapOptions } from "../bootstrap.ts";
import type { CaseGallery } from "../cases/query-case.ts";
import type { ModelEvaluation } from "../evaluate.ts";
import type { Baseline, CurvePoint, Fact, ModelCost, ModelRole, MutualInformation, ReportSearch } from "./report-types.ts";

/** What a report is made from. */
export interface ReportInput {
  readonly title: string;
  readonly createdAt: Date;
  /** What a reader must know first. */
  readonly notice?: string;
  readonly facts?: readonly Fact[];
  /** By the task's name; chance is added by itself. */
  readonly baselines?: Readonly<Record<string, readonly Baseline[]>>;
  readonly models: readonly ReportModelInput[];
  /** The id of the model that all others are compared with. */
  readonly reference: string;
  /** The id of the model the report is about. */
  readonly main: string;
  readonly searches?: readonly ReportSearch[];
  /** Of the main model. */
  readonly cases?: CaseGallery;
  /** Of the reference, where that is another model. */
  readonly referenceCases?: CaseGallery;
  readonly bootstrap?: BootstrapOptions;
}

/** One setup and its runs. */
export interface ReportModelInput {
  /** Short and unique, e.g. `pdf-no-mi`. */
  readonly id: string;
  readonly name: string;
  readonly description?: string;
  readonly role: ModelRole;
  /** One per seed, at least one; all on the same tasks. */
  readonly runs: readonly ReportRun[];
}

/** One seed of a setup. */
export interface ReportRun {
  readonly seed: number;
  readonly evaluation: ModelEvaluation;
  /** The path that `single` stands for, from 0: chosen on validation, never on these tasks. 0 by default. */
  readonly singlePath?: number;
  readonly curve?: readonly CurvePoint[];
  readonly cost?: Partial<ModelCost>;
  readonly mutualInformation?: MutualInformation;
}
