import type { Replicates } from "../bootstrap.ts";

/** A difference that is tested among others. */
export interface TestedDifference {
  readonly replicates: Replicates;
  /** How many queries it is the mean of. */
  readonly queries: number;
}

/**
 * Two-sided p-values of differences from 0, corrected for there being many: the step-down maximum of studentised bootstrap differences, which holds the
 * chance of any false finding among all of them at p, and loses little where they depend on each other, as paths of one model do. Never below
 * 1 / (resamples + 1).
 * @source Westfall and Young 1993, algorithm 2.8; Romano and Wolf 2005.
 */
export function familyWiseSignificance(differences: readonly TestedDifference[]): number[] {
  const statistics = differences.map(studentise);
  const order = [...statistics.keys()].toSorted(
    (left, right) => (statistics[right]?.value ?? 0) - (statistics[left]?.value ?? 0) || left - right,
  );
  const resamples = statistics[0]?.samples.length ?? 0;
  const highest = new Float64Array(resamples);
  const values = new Float64Array(differences.length);
  for (const which of order.toReversed()) {
    const { value, samples } = statistics[which] as Replicates;
    let reached = 1;
    for (let resample = 0; resample < resamples; resample++) {
      highest[resample] = Math.max(highest[resample] as number, samples[resample] as number);
      if ((highest[resample] as number) >= value) reached++;
    }
    values[which] = reached / (resamples + 1);
  }
  let least = 0;
  for (const which of order) values[which] = least = Math.max(least, values[which] as number);
  return [...values];
}

/** |d| and, of every resample, |d* - d|, in units of the standard error; one query's worth is added to it, so that no variation at all is no certainty. */
function studentise({ replicates: { value, samples }, queries }: TestedDifference): Replicates {
  const square = samples.reduce((sum, sample) => sum + (sample - value) ** 2, 0) / samples.length;
  const scale = Math.sqrt(square + queries ** -2);
  return { value: Math.abs(value) / scale, samples: samples.map((sample) => Math.abs(sample - value) / scale) };
}
