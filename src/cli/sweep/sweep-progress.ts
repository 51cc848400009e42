import type { Progress, ProgressTask } from "../terminal/progress.ts";
import type { RunWatch } from "../runs/train-run.ts";

/** A run as progress counts it. */
export interface CountedSweepRun {
  readonly label: string;
  readonly steps: number;
  /** Floating point operations of a step. */
  readonly stepFlops: number;
}

const UNITS = ["FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP", "PFLOP", "EFLOP", "ZFLOP"] as const;

/**
 * Progress over all runs of a sweep, counted in operations, so that the time left holds although cells cost differently: of the run at hand,
 * and all that are still to come.
 */
export class SweepProgress {
  readonly #progress: Progress;
  readonly #total: number;
  readonly #runs: number;
  /** Operations of one of the units shown. */
  readonly #scale: number;
  readonly #unit: string;
  #done = 0;
  #begun = 0;

  constructor(progress: Progress, runs: readonly CountedSweepRun[]) {
    this.#progress = progress;
    this.#runs = runs.length;
    this.#total = runs.reduce((sum, run) => sum + flopsOf(run), 0);
    const power = Math.max(0, Math.min(UNITS.length - 1, Math.floor((Math.log10(Math.max(1, this.#total)) - 3) / 3)));
    this.#scale = 1000 ** power;
    this.#unit = UNITS[power] ?? "FLOP";
  }

  /** Counts a run that needs no training any more. */
  pass(run: CountedSweepRun): void {
    this.#begun++;
    this.#done += flopsOf(run);
  }

  /** Shows a run's training. */
  watch(run: CountedSweepRun): RunWatch {
    this.#begun++;
    const before = this.#done;
    this.#done += flopsOf(run);
    let task: ProgressTask | undefined;
    const label = `run ${this.#begun} of ${this.#runs}: ${run.label}`;
    return {
      step: ({ step, loss, precision }, items) => {
        const shown = (steps: number): number => Math.round((before + steps * run.stepFlops) / this.#scale);
        task ??= this.#progress.task({ label, total: Math.round(this.#total / this.#scale), start: shown(step - 1), unit: this.#unit, itemUnit: "inputs" }); // prettier-ignore
        task.update({ done: shown(step), items, loss, precisionAt1: precision });
      },
      finish: () => task?.finish(),
    };
  }
}

function flopsOf({ steps, stepFlops }: CountedSweepRun): number {
  return steps * stepFlops;
}
