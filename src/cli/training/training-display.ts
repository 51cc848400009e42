import type { RunEvent } from "../../train/run/run-events.ts";
import type { UpdateMetrics } from "../../train/step-metrics.ts";
import { formatCount } from "../inspection/format-numbers.ts";
import type { Progress, ProgressTask } from "../terminal/progress.ts";

/** Steps that loss and P@1 are averaged over: those of a single batch jump. */
const WINDOW = 20;

/** Shows a run's events as progress: loss, P@1, speed, time left, and in lines of their own what happens beside the steps. */
export class TrainingDisplay {
  readonly #progress: Progress;
  readonly #label: string;
  readonly #losses: number[] = [];
  readonly #precisions: number[] = [];
  #task: ProgressTask | undefined;
  #items = 0;
  #latestCheckpoint: number | undefined;

  constructor(progress: Progress, label: string) {
    this.#progress = progress;
    this.#label = label;
  }

  /** Whether the run has a checkpoint that it can go on from. */
  get hasCheckpoint(): boolean {
    return this.#latestCheckpoint !== undefined;
  }

  show(event: RunEvent): void {
    switch (event.type) {
      case "begin":
        return this.#begin(event);
      case "step":
        return this.#step(event);
      case "checkpoint":
        this.#latestCheckpoint = event.step;
        return;
      default:
        return this.#progress.note(describeEvent(event));
    }
  }

  finish(): void {
    this.#task?.finish();
  }

  #begin({ step, steps, parameters }: RunEvent & { readonly type: "begin" }): void {
    const { total, trained } = parameters;
    if (step > 0) this.#latestCheckpoint = step;
    const from = step === 0 ? "" : `, going on after step ${step}`;
    this.#progress.note(`${this.#label}: ${formatCount(total)} parameters, ${formatCount(trained)} of them trained${from}`);
    this.#task = this.#progress.task({ label: this.#label, total: steps, start: step, itemUnit: "inputs" });
  }

  #step({ step, kind, loss, precision, inputs, ...update }: RunEvent & { readonly type: "step" }): void {
    if (update.isSkipped === true) this.#progress.note(`step ${step}: ${describeSkipped(update)}`);
    this.#items += inputs;
    const smoothLoss = recentMean(this.#losses, loss);
    const precisionAt1 = kind === "contrastive" ? recentMean(this.#precisions, precision) : mean(this.#precisions);
    this.#task?.update({ done: step, items: this.#items, loss: smoothLoss, ...(Number.isNaN(precisionAt1) ? {} : { precisionAt1 }) });
  }
}

function describeSkipped({ lossScale = 1, skippedSteps = 0 }: UpdateMetrics): string {
  return `gradients overflowed at a loss scale of ${lossScale}; skipped, no weight was moved (${skippedSteps} so far)`;
}

/** An event that gets a line of its own. */
function describeEvent(event: Exclude<RunEvent, { readonly type: "begin" | "step" | "checkpoint" }>): string {
  switch (event.type) {
    case "evaluation":
      return `step ${event.step}: validation P@1 ${describeScores(event.scores)}`;
    case "warning":
      return `warning, step ${event.step}: ${event.message}`;
    case "calibration":
      return `prefixes scaled to ${event.scale.toFixed(3)}: the paths start at a mean cosine of ${event.cosine.toFixed(3)}`;
    case "change":
      return `changed on the way: ${event.changes.map(({ field, from, to }) => `${field} from ${JSON.stringify(from)} to ${JSON.stringify(to)}`).join(", ")}`;
  }
}

function describeScores(scores: Readonly<Record<string, number>>): string {
  return Object.entries(scores)
    .map(([name, score]) => `${name} ${(100 * score).toFixed(1)} %`)
    .join(", ");
}

function recentMean(values: number[], latest: number): number {
  values.push(latest);
  if (values.length > WINDOW) values.shift();
  return mean(values);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
