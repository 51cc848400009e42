import { DataError, invariant, ShapeError } from "../errors/families.ts";
import { RandomStream } from "../random/random-stream.ts";

/** How resamples are drawn. */
export interface BootstrapOptions {
  /** Names the random stream; the same seed gives the same intervals on every machine. 0 by default. */
  readonly seed?: number;
  /** R, how many resamples; 2,000 by default. */
  readonly resamples?: number;
}

/** A score and the same score on R resamples of the queries. Replicates of the same queries are paired: entry r is of the same resample. */
export interface Replicates {
  readonly value: number;
  /** [R] */
  readonly samples: Float64Array;
}

/** A value with its confidence interval. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/**
 * Draws R resamples (with replacement) of one task's queries, once, and applies them to any number of models and views, so that
 * their differences are paired query by query.
 */
export class QueryResampler {
  readonly #name: string;
  readonly #queryCount: number;
  /** [R, queries] */
  readonly #picks: Uint32Array;

  /**
   * @param name the task's: resamples of tasks of different names are independent.
   * @throws {DataError} if the task has no queries.
   */
  constructor(name: string, queryCount: number, options: BootstrapOptions = {}) {
    if (queryCount === 0) {
      throw new DataError({ message: `task ${name} has no rows, so it has no score; leave it out`, details: { task: name } });
    }
    this.#name = name;
    this.#queryCount = queryCount;
    this.#picks = drawPicks(["queries", name], queryCount, options);
  }

  /**
   * The mean outcome over the queries, and over each resample of them.
   * @param outcomes one number per query, e.g. 1 for a hit and 0 for a miss. @throws {ShapeError} if there are more or fewer.
   */
  replicate(outcomes: ArrayLike<number>): Replicates {
    if (outcomes.length !== this.#queryCount) {
      const message = `task ${this.#name}: ${outcomes.length} outcomes for ${this.#queryCount} queries; score every model on the same rows`;
      throw new ShapeError({ message, details: { got: outcomes.length, expected: this.#queryCount } });
    }
    const everyQuery = Uint32Array.from({ length: outcomes.length }, (_, query) => query);
    return { value: means(outcomes, everyQuery)[0] as number, samples: means(outcomes, this.#picks) };
  }
}

/** The unweighted mean over tasks, resample by resample: every task counts the same, however many queries it has. */
export function meanOverTasks(tasks: readonly Replicates[]): Replicates {
  return combine(tasks, (values) => mean(values));
}

/** `left - right`, resample by resample: paired if both sides were made by the same resamplers. */
export function difference(left: Replicates, right: Replicates): Replicates {
  return combine([left, right], ([first = 0, second = 0]) => first - second);
}

/** `numerator / denominator`, resample by resample: NaN or infinite where the denominator is 0. */
export function ratio(numerator: Replicates, denominator: Replicates): Replicates {
  return combine([numerator, denominator], ([above = 0, below = 0]) => above / below);
}

/**
 * The mean over training seeds. In resample r the seeds are drawn anew too, so that the interval covers both the luck of the queries
 * and the luck of the seed; two models trained on the same seeds are paired seed by seed.
 * @param runs one per seed. @param seeds their seeds, in the same order. With one seed only the queries are resampled.
 */
export function meanOverSeeds(runs: readonly Replicates[], seeds: readonly number[], options: BootstrapOptions = {}): Replicates {
  invariant(runs.length === seeds.length && runs.length > 0, "there is one run per seed");
  const resamples = runs[0]?.samples.length ?? 0;
  const picks = drawPicks(["seeds", ...seeds], runs.length, { ...options, resamples });
  const samples = new Float64Array(resamples);
  for (let at = 0; at < picks.length; at++) {
    const resample = Math.floor(at / runs.length);
    const run = runs[picks[at] as number] as Replicates;
    samples[resample] = (samples[resample] as number) + (run.samples[resample] as number) / runs.length;
  }
  return { value: mean(runs.map((run) => run.value)), samples };
}

/** The percentile interval: from the (1 - c)/2 to the (1 + c)/2 quantile of the resamples. @param confidence c, 0.95 by default. */
export function estimate(replicates: Replicates, confidence = 0.95): Estimate {
  const sorted = replicates.samples.toSorted();
  const tail = (1 - confidence) / 2;
  return { value: replicates.value, low: quantile(sorted, tail), high: quantile(sorted, 1 - tail) };
}

/** The spread over seeds: the standard deviation with n - 1 below; null for a single value. */
export function standardDeviation(values: readonly number[]): number | null {
  if (values.length < 2) return null;
  const centre = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1));
}

/** The arithmetic mean; NaN of nothing. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** [R, count] picks out of `count`, with replacement. */
function drawPicks(name: readonly (string | number)[], count: number, { seed = 0, resamples = 2000 }: BootstrapOptions): Uint32Array {
  const random = new RandomStream("bootstrap", seed, ...name);
  const picks = new Uint32Array(resamples * count);
  if (count === 1) return picks;
  for (let at = 0; at < picks.length; at++) picks[at] = random.integer(count);
  return picks;
}

/** The mean outcome of each run of `outcomes.length` picks. */
function means(outcomes: ArrayLike<number>, picks: Uint32Array): Float64Array {
  const size = outcomes.length;
  const result = new Float64Array(picks.length / size);
  for (let resample = 0; resample < result.length; resample++) {
    let sum = 0;
    for (let at = resample * size; at < (resample + 1) * size; at++) sum += outcomes[picks[at] as number] as number;
    result[resample] = sum / size;
  }
  return result;
}

function combine(parts: readonly Replicates[], merge: (values: readonly number[]) => number): Replicates {
  const length = parts[0]?.samples.length ?? 0;
  invariant(
    parts.every((part) => part.samples.length === length),
    "replicates that are combined have the same number of resamples",
  );
  const samples = Float64Array.from({ length }, (_, resample) => merge(parts.map((part) => part.samples[resample] as number)));
  return { value: merge(parts.map((part) => part.value)), samples };
}

/** Linear between the two nearest order statistics. */
function quantile(sorted: Float64Array, share: number): number {
  const position = share * (sorted.length - 1);
  const below = Math.floor(position);
  const low = sorted[below] as number;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] as number;
  return low + (high - low) * (position - below);
}
