/** Something whose time is taken. */
export interface TimedVariant<Name> {
  readonly name: Name;
  readonly run: () => Promise<unknown>;
}

/** How often variants are run. */
export interface TimingOptions {
  /** Timed runs of each variant; one more, not timed, goes before. */
  readonly rounds: number;
  /** Called before each run; throw to stop. */
  readonly onRun?: () => void;
}

/**
 * Times variants in turn, round after round, so that whatever else the machine does falls on all of them alike.
 * @returns the median milliseconds of each variant, in their order.
 */
export async function timeInterleaved<Name>(
  variants: readonly TimedVariant<Name>[],
  { rounds, onRun }: TimingOptions,
): Promise<{ readonly name: Name; readonly milliseconds: number }[]> {
  const times = variants.map((): number[] => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [place, { run }] of variants.entries()) {
      onRun?.();
      const start = performance.now();
      await run();
      if (round > 0) times[place]?.push(performance.now() - start);
    }
  }
  return variants.map(({ name }, place) => ({ name, milliseconds: median(times[place] ?? []) }));
}

/** The middle value; the mean of the two middle ones; NaN of nothing. */
function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
}
