/** What the time left is told from. */
export interface Pace {
  /** Of the steps so far, in order; null where one is not known. */
  readonly seconds: readonly (number | null)[];
  readonly step: number;
  /** Steps in all. */
  readonly steps: number;
  /** Steps between two evaluations, and seconds that one takes. */
  readonly evaluateEvery?: number | undefined;
  readonly evaluationSeconds?: number | undefined;
}

/** Steps that the pace is taken from. */
const WINDOW = 50;

/** Seconds that a run still needs: its remaining steps at the mean pace of its last fifty, and the evaluations among them. Undefined before its first step. */
export function timeLeft({ seconds, step, steps, evaluateEvery, evaluationSeconds = 0 }: Pace): number | undefined {
  const recent = seconds.slice(-WINDOW).filter((value) => value !== null);
  if (recent.length === 0) return undefined;
  const remaining = Math.max(0, steps - step);
  const perStep = recent.reduce((sum, value) => sum + value, 0) / recent.length;
  const isLastOne = evaluateEvery !== undefined && steps % evaluateEvery !== 0 && remaining > 0; // the end is evaluated too
  const evaluations =
    evaluateEvery === undefined ? 0 : Math.floor(steps / evaluateEvery) - Math.floor(step / evaluateEvery) + Number(isLastOne);
  return remaining * perStep + Math.max(0, evaluations) * evaluationSeconds;
}
