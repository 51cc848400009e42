import type { ParameterCounts } from "../count-parameters.ts";
import type { Finding } from "../monitor/run-monitor.ts";
import type { RecipeDifference } from "../recipe/recipe-differences.ts";
import type { StepMetrics } from "../step-metrics.ts";

/** A step, with what it took. */
export interface LoggedStep extends StepMetrics {
  readonly type: "step";
  /** Of this step, data included. */
  readonly seconds: number;
  /** Queries and targets per second. */
  readonly inputsPerSecond: number;
}

/** An evaluation on the validation split. */
export interface LoggedEvaluation {
  readonly type: "evaluation";
  /** Steps done before it. */
  readonly step: number;
  /** Scores by name, P@1 in [0, 1]. */
  readonly scores: Readonly<Record<string, number>>;
  /** That it took. */
  readonly seconds?: number;
}

/** Something is wrong, yet the run goes on. */
export interface LoggedWarning {
  readonly type: "warning";
  readonly step: number;
  readonly kind: Finding["kind"] | "checkpoint-damaged" | "calibration-off" | "tensorboard-off";
  /** What was found, and the way out. */
  readonly message: string;
}

/** The run was resumed with other settings than it was begun with. */
export interface LoggedChange {
  readonly type: "change";
  readonly step: number;
  readonly changes: readonly RecipeDifference[];
}

/** One line of `metrics.jsonl`. */
export type LoggedEvent = LoggedStep | LoggedEvaluation | LoggedWarning | LoggedChange;

/** The model and its data are ready; the first step follows. */
export interface RunBegins {
  readonly type: "begin";
  /** Steps done before: 0, or more for a resumed run. */
  readonly step: number;
  /** Steps in all. */
  readonly steps: number;
  readonly parameters: ParameterCounts;
}

/** The fresh prefixes were scaled. */
export interface RunCalibrated {
  readonly type: "calibration";
  /** Standard deviation of the initial prefixes. */
  readonly scale: number;
  /** Mean cosine between paths that it gives. */
  readonly cosine: number;
}

/** A checkpoint was written. */
export interface RunSaved {
  readonly type: "checkpoint";
  readonly step: number;
  readonly folder: string;
}

/** What a run tells of itself while it goes on. */
export type RunEvent = LoggedEvent | RunBegins | RunCalibrated | RunSaved;
