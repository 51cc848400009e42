import { judgeEstimator, type EstimatorReading } from "../objective/estimator-reading.ts";
import type { PairKind } from "../objective/path-pairs.ts";
import type { StepMetrics } from "../step-metrics.ts";
import { describeCollapse } from "./describe-collapse.ts";
import { readingOf } from "./logged-reading.ts";

/** What is wrong with a run that goes on all the same. */
export type WarningKind = "paths-collapsed" | "estimator-dead";

/** A finding that somebody should know of. */
export interface Finding {
  readonly kind: WarningKind;
  /** One or two sentences: what was found, and the way out. */
  readonly message: string;
}

/** What the monitor looks at. */
export interface MonitorOptions {
  /** N. */
  readonly pathCount: number;
  /** Which pairs the estimator of mutual information sees; undefined without one. */
  readonly estimatorPairs: PairKind | undefined;
}

/** Readings that the estimator is judged by. */
const READINGS = 20;
/** Steps in which the estimator is left to learn. */
const LEARNING_STEPS = 60;
/** A finding is told again after so many steps at the earliest. */
const REPEAT_AFTER = 100;

/**
 * Watches a run for paths that rank alike and for an estimator that tells nothing. What it finds depends on the steps it is shown alone, so that a
 * resumed run that is shown its earlier steps again goes on as if it had not stopped.
 */
export class RunMonitor {
  readonly #options: MonitorOptions;
  readonly #readings: EstimatorReading[] = [];
  readonly #told = new Map<WarningKind, number>();

  constructor(options: MonitorOptions) {
    this.#options = options;
  }

  /** Takes a step in, in the order of steps. @returns what is to be told after it. */
  take(step: Pick<StepMetrics, "step" | "diversity" | "estimator">): Finding[] {
    this.#note(step);
    if (step.diversity === undefined) return [];
    const findings = [this.#collapse(step.diversity), this.#deadEstimator(step.step)].filter((finding) => finding !== undefined);
    return findings.filter(({ kind }) => this.#isNews(kind, step.step));
  }

  #note({ estimator }: Pick<StepMetrics, "estimator">): void {
    const { pathCount, estimatorPairs: pairs } = this.#options;
    if (estimator === undefined || pairs === undefined) return;
    this.#readings.push(readingOf(estimator, { pathCount, pairs }));
    if (this.#readings.length > READINGS) this.#readings.shift();
  }

  #collapse(diversity: NonNullable<StepMetrics["diversity"]>): Finding | undefined {
    const message = describeCollapse(diversity);
    return message === undefined ? undefined : { kind: "paths-collapsed", message };
  }

  #deadEstimator(step: number): Finding | undefined {
    const [first, ...others] = this.#readings;
    if (first === undefined || this.#readings.length < READINGS || step < LEARNING_STEPS) return undefined;
    const { state, message } = judgeEstimator([first, ...others]);
    return state === "dead" ? { kind: "estimator-dead", message } : undefined;
  }

  #isNews(kind: WarningKind, step: number): boolean {
    const last = this.#told.get(kind);
    if (last !== undefined && step - last < REPEAT_AFTER) return false;
    this.#told.set(kind, step);
    return true;
  }
}
