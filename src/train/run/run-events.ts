import type { StepMetrics } from "../trainer.ts";

/** One line of `metrics.jsonl`: a step, with what it took. */
export interface LoggedStep extends StepMetrics {
  readonly type: "step";
  /** Of this step, data included. */
  readonly seconds: number;
  /** Queries and targets per second. */
  readonly inputsPerSecond: number;
}

/** One line of `metrics.jsonl`: an evaluation on the validation split. */
export interface LoggedEvaluation {
  readonly type: "evaluation";
  readonly step: number;
  /** Scores by name, P@1 in [0, 1]. */
  readonly scores: Readonly<Record<string, number>>;
}

export type LoggedEvent = LoggedStep | LoggedEvaluation;
