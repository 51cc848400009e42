import type { RunState } from "../messages.ts";
import { formatCount, formatDuration, formatNumber, formatShare } from "./format.ts";
import type { RunData } from "./run-data.ts";
import { timeLeft } from "./time-left.ts";

/** A number that tells how a run stands. */
export interface Card {
  readonly label: string;
  readonly value: string;
  readonly note?: string | undefined;
}

/** How a run stands. */
export interface Overview {
  readonly state: RunState;
  readonly stateText: string;
  /** What there is to say of it. */
  readonly stateNote: string;
  /** Share of its steps; undefined while they are not known. */
  readonly done: number | undefined;
  readonly cards: readonly Card[];
}

const STATES: Readonly<Record<RunState, string>> = {
  waiting: "not begun",
  starting: "preparing",
  running: "running",
  finished: "finished",
  interrupted: "interrupted",
  failed: "failed",
  stopped: "stopped",
};

const STATE_NOTES: Readonly<Record<RunState, string>> = {
  waiting: "no step is logged yet",
  starting: "the model and its data are made ready",
  running: "",
  finished: "",
  interrupted: "it can be resumed from its checkpoint",
  failed: "",
  stopped: "its process is gone without a word (killed?); it can be resumed from its last checkpoint",
};

/** Steps that loss and P@1 are averaged over: those of a single batch jump. */
const WINDOW = 20;

/** Reads off a run's data how it stands. @param now by the server's clock, ms since 1970. */
export function readOverview(data: RunData, now: number): Overview {
  const { facts } = data;
  const state = facts?.state ?? "waiting";
  const steps = facts?.steps ?? undefined;
  const step = data.latestStep;
  const note = state === "running" ? silence(data, now) : (facts?.message ?? STATE_NOTES[state]);
  const cards = [stepCard(step, steps), ...(state === "running" ? [leftCard(data, now)] : []), ...curveCards(data)];
  return { state, stateText: STATES[state], stateNote: note, done: steps === undefined ? undefined : Math.min(1, step / steps), cards };
}

function stepCard(step: number, steps: number | undefined): Card {
  const note = steps === undefined ? undefined : `${((100 * step) / steps).toFixed(1)} % done`;
  return { label: "Step", value: formatCount(step), note: note === undefined ? undefined : `of ${formatCount(steps as number)}, ${note}` };
}

function leftCard(data: RunData, now: number): Card {
  const recipe = (data.facts?.recipe ?? {}) as Readonly<Record<string, unknown>>;
  const every = recipe["evaluateEverySteps"];
  const left = timeLeft({
    seconds: data.steps.column("seconds") ?? [],
    step: data.latestStep,
    steps: data.facts?.steps ?? data.latestStep,
    evaluateEvery: typeof every === "number" ? every : undefined,
    evaluationSeconds: data.evaluationSeconds,
  });
  const trained = `${formatDuration(data.seconds)} trained`;
  if (left === undefined) return { label: "Time left", value: "?", note: trained };
  const since = Math.max(0, now - (data.facts?.writtenAt ?? now)) / 1000;
  return { label: "Time left", value: formatDuration(Math.max(0, left - since)), note: trained };
}

function curveCards(data: RunData): Card[] {
  const { steps } = data;
  const card = (label: string, column: string, format: (value: number) => string, note?: (mean: number) => string): Card[] => {
    const mean = recentMean(data, column);
    return mean === undefined ? [] : [{ label, value: format(mean), note: note?.(mean) }];
  };
  const overSteps = (): string => `mean of the last ${Math.min(WINDOW, steps.length)} steps`;
  const perStep = (): string => `${formatDuration(recentMean(data, "seconds") ?? Number.NaN)} per step`;
  const rate = steps.latest("learningRate");
  return [
    ...card("Loss", "loss", formatNumber, overSteps),
    ...card("P@1 in the batch", "precision", formatShare, overSteps),
    ...validationCard(data),
    ...card("Inputs per second", "inputsPerSecond", formatNumber, perStep),
    ...diversityCard(data),
    ...skippedCard(data),
    ...card("Gradient norm", "gradientNorm", formatNumber, () => (rate === undefined ? "" : `learning rate ${formatNumber(rate.value)}`)),
  ];
}

function validationCard({ evaluations }: RunData): Card[] {
  const [name, label] = evaluations.names.includes("validation.all")
    ? ["validation.all", "all paths"]
    : ["validation.aggregate", "aggregate"];
  const latest = evaluations.latest(name);
  if (latest === undefined) return [];
  const scores = evaluations.column(name) ?? [];
  const best = scores.reduce<number>((most, score, row) => ((score ?? -1) > (scores[most] ?? -1) ? row : most), 0);
  const note = `${label}; best ${formatShare(scores[best] ?? 0)} at step ${formatCount(evaluations.steps[best] ?? 0)}`;
  return [{ label: "P@1 on validation", value: formatShare(latest.value), note }];
}

function diversityCard({ steps }: RunData): Card[] {
  const latest = steps.latest("diversity.rankCorrelation");
  const closest = steps.latest("diversity.closest.rankCorrelation");
  if (latest === undefined) return [];
  const note = closest === undefined ? "" : `closest two ${formatNumber(closest.value)}; above 0.98 is a collapse`;
  return [{ label: "Rank correlation of paths", value: formatNumber(latest.value), note }];
}

/** Of a run with precision float16 that has skipped any. */
function skippedCard({ steps }: RunData): Card[] {
  const skipped = steps.latest("skippedSteps");
  if (skipped === undefined || skipped.value === 0) return [];
  const scale = steps.latest("lossScale");
  const note = `gradients overflowed${scale === undefined ? "" : `; loss scale ${formatNumber(scale.value)}`}`;
  return [{ label: "Skipped steps", value: formatCount(skipped.value), note }];
}

function recentMean({ steps }: RunData, column: string): number | undefined {
  const values = steps.column(column) ?? [];
  let [sum, count] = [0, 0];
  for (let row = values.length - 1; row >= 0 && count < WINDOW; row--) {
    const value = values[row];
    if (typeof value !== "number") continue;
    sum += value;
    count += 1;
  }
  return count === 0 ? undefined : sum / count;
}

/** A run that has logged nothing for long: it may evaluate, or hang. Steps that this is long after, and seconds at least. */
const [SILENT_STEPS, SILENT_SECONDS] = [10, 60];

function silence(data: RunData, now: number): string {
  const written = data.facts?.writtenAt;
  if (written === undefined || written === null) return "";
  const seconds = (now - written) / 1000;
  const isLong = seconds > Math.max(SILENT_SECONDS, SILENT_STEPS * (recentMean(data, "seconds") ?? 0));
  return isLong ? `nothing logged for ${formatDuration(seconds)}: it may be evaluating, or hang` : "";
}
