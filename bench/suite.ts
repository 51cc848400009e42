import type { Comparison, Measurement, MeasureOptions } from "./harness.ts";

/** What a suite is run with. */
export interface SuiteContext {
  /** Rounds and warm-ups asked for on the command line; to be passed to `measure`. */
  readonly measure: MeasureOptions;
  /** Tells what is going on. */
  readonly say: (text: string) => void;
}

/** A few cases measured against each other. */
export interface SuiteSection {
  readonly title: string;
  readonly measurements: readonly Measurement[];
  /** What `compare` says of them. */
  readonly comparisons?: readonly Comparison[];
  /** The highest median ratio that is good enough, by name of the case. */
  readonly bars?: Readonly<Record<string, number>>;
  /** Whatever else is worth a line: peak memory, share of the machine's peak. */
  readonly facts?: Readonly<Record<string, string | number>>;
}

/** What `bench/<name>/suite.ts` exports as `suite`. */
export interface BenchSuite {
  readonly summary: string;
  /** Runs everything, section after section. */
  readonly run: (context: SuiteContext) => Promise<readonly SuiteSection[]>;
}
