import { spreadOf, type Spread } from "./statistics.ts";

/** One thing to be timed. */
export interface BenchCase {
  readonly name: string;
  /** Does the work once. A number it returns is taken as the time in ms: for work that another process does and times. */
  readonly run: () => Promise<number | void> | number | void;
}

/** How often cases are run. */
export interface MeasureOptions {
  /** Timed rounds; in each, every case runs once. Default 15. */
  readonly rounds?: number;
  /** Rounds before, not timed. Default 3. */
  readonly warmups?: number;
  /** A clock, in ms. */
  readonly now?: () => number;
}

/** Times of one case. */
export interface Measurement {
  readonly name: string;
  /** One time per round, ms. */
  readonly times: readonly number[];
  readonly milliseconds: Spread;
}

/** How one case compares with the baseline. */
export interface Comparison {
  readonly name: string;
  readonly baseline: string;
  /** Time over the baseline's time of the same round. */
  readonly ratio: Spread;
}

/**
 * Times cases against each other. Each round runs every case once, starting with another one each time: whatever slows the machine
 * for a while falls on all cases alike, and a ratio is taken between neighbours in time.
 */
export async function measure(cases: readonly BenchCase[], options: MeasureOptions = {}): Promise<Measurement[]> {
  const { rounds = 15, warmups = 3, now = () => performance.now() } = options;
  const times = cases.map((): number[] => []);
  for (let round = -warmups; round < rounds; round++) {
    for (let turn = 0; turn < cases.length; turn++) {
      const index = (turn + round + warmups) % cases.length;
      const milliseconds = await timeOnce(cases[index] as BenchCase, now);
      if (round >= 0) times[index]?.push(milliseconds);
    }
  }
  return cases.map(({ name }, index) => ({ name, times: times[index] ?? [], milliseconds: spreadOf(times[index] ?? []) }));
}

/** Ratios of every measurement to the one named `baseline`, round by round. */
export function compare(measurements: readonly Measurement[], baseline: string): Comparison[] {
  const base = measurements.find(({ name }) => name === baseline);
  if (base === undefined) return [];
  return measurements
    .filter((measurement) => measurement !== base)
    .map(({ name, times }) => ({ name, baseline, ratio: spreadOf(times.map((time, round) => time / (base.times[round] ?? Number.NaN))) }));
}

async function timeOnce({ run }: BenchCase, now: () => number): Promise<number> {
  const start = now();
  const own = await run();
  return own ?? now() - start;
}
