/** How the learning rate goes over a run. */
export interface Schedule {
  /** The highest rate. */
  readonly learningRate: number;
  /** Steps over which the rate rises from 0. */
  readonly warmUpSteps: number;
  /** How it falls from then on; `linear` and `cosine` reach 0 at the end. */
  readonly decay: "constant" | "linear" | "cosine";
  /** Steps of the whole run. */
  readonly steps: number;
}

/** The learning rate of a step (0 is the first). Depends on the step alone, so that a resumed run goes on as if it had not stopped. */
export function learningRateAt(step: number, schedule: Schedule): number {
  const { learningRate, warmUpSteps, steps } = schedule;
  if (step < warmUpSteps) return learningRate * warmUpShare(step, warmUpSteps);
  const passed = Math.min(1, (step - warmUpSteps) / Math.max(1, steps - warmUpSteps));
  return learningRate * remaining(passed, schedule.decay);
}

/** Share of a warm-up that a step has reached: rises linearly to 1, which it is without warm-up. */
export function warmUpShare(step: number, warmUpSteps: number): number {
  return warmUpSteps === 0 ? 1 : Math.min(1, (step + 1) / warmUpSteps);
}

function remaining(passed: number, decay: Schedule["decay"]): number {
  switch (decay) {
    case "constant":
      return 1;
    case "linear":
      return 1 - passed;
    case "cosine":
      return (1 + Math.cos(Math.PI * passed)) / 2;
  }
}
