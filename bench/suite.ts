import type { Comparison, Measurement, MeasureOptions } from "./harness.ts";

/** What a suite is run with. */
export interface SuiteContext {
  /** Rounds and warm-ups asked for on the command line; to be passed to `measure`. */
  readonly measure: MeasureOptions;
  /** The part asked for on the command line, of suites that have parts. */
  readonly only?: string | undefined;
  /** Tells what is going on. */
  readonly say: (text: string) => void;
}

/** A number that has to be on one side of a bar. */
export interface Verdict {
  readonly name: string;
  /** The number with its unit. */
  readonly got: string;
  /** Such as `>= 65 %`. */
  readonly bar: string;
  readonly isMet: boolean;
}

/** A few cases measured against each other. */
export interface SuiteSection {
  readonly title: string;
  readonly measurements: readonly Measurement[];
  /** What `compare` says of them. */
  readonly comparisons?: readonly Comparison[];
  /** The highest median ratio that is good enough, by name of the case. */
  readonly bars?: Readonly<Record<string, number>>;
  /** Bars that are not ratios of times. */
  readonly verdicts?: readonly Verdict[];
  /** Whatever else is worth a line: peak memory, share of the machine's peak. */
  readonly facts?: Readonly<Record<string, string | number>>;
}

/** What `bench/<name>/suite.ts` exports as `suite`. */
export interface BenchSuite {
  readonly summary: string;
  /** Names of its parts, where `--only` can choose one. */
  readonly parts?: readonly string[];
  /** Runs everything, section after section. */
  readonly run: (context: SuiteContext) => Promise<readonly SuiteSection[]>;
}
