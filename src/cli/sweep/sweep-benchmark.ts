import type { ModelEvaluation } from "../../eval/evaluate.ts";
import type { Fact } from "../../eval/report/report-types.ts";
import type { ModelInput } from "../../inputs/embedding-input.ts";

/** The part that choices are made on, or the one that is only looked at. */
export type SweepPart = "validation" | "test";

/** What the cells of a sweep are scored on. */
export interface SweepBenchmark extends AsyncDisposable {
  readonly facts: readonly Fact[];
  /** What readers must know of it. */
  readonly notices: readonly string[];
  /** Scores the model of a run's folder, or reads what it scored before. @throws {AbortedError} when the signal fires. */
  score(run: { readonly label: string; readonly folder: string }, part: SweepPart): Promise<ModelEvaluation>;
  /** Inputs that embedding is timed on. */
  timedInputs(): Promise<readonly ModelInput[]>;
}
