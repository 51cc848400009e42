/** One moment of a task. */
export interface ProgressState {
  readonly label: string;
  readonly total: number;
  readonly done: number;
  readonly unit?: string;
  readonly itemUnit?: string;
  readonly loss?: number;
  readonly precisionAt1?: number;
  readonly itemsPerSecond: number;
  readonly secondsLeft: number | undefined;
  readonly elapsedSeconds: number;
  /** Whether the task is over. */
  readonly over: boolean;
}

/** `train 120/400 steps, loss 1.234, P@1 56.7 %, 85 images/s, 3 min 20 s left`; what is not known is left out. */
export function describeProgress(state: ProgressState): string {
  return [`${state.label} ${state.done}/${state.total} ${state.unit ?? "steps"}`, ...describeSpeed(state)].join(", ");
}

/** What follows the count: loss, P@1, speed and the time left, or taken when the task is over. */
export function describeSpeed(state: ProgressState): string[] {
  const { loss, precisionAt1, itemsPerSecond } = state;
  const parts: string[] = [];
  if (loss !== undefined) parts.push(`loss ${loss.toFixed(3)}`);
  if (precisionAt1 !== undefined) parts.push(`P@1 ${(precisionAt1 * 100).toFixed(1)} %`);
  if (itemsPerSecond > 0) parts.push(`${formatNumber(itemsPerSecond)} ${state.itemUnit ?? "images"}/s`);
  parts.push(describeTime(state));
  return parts;
}

function describeTime({ over, elapsedSeconds, secondsLeft }: ProgressState): string {
  if (over) return `took ${formatDuration(elapsedSeconds)}`;
  return secondsLeft === undefined ? `${formatDuration(elapsedSeconds)} so far` : `${formatDuration(secondsLeft)} left`;
}

/** A duration to two units: `4 s`, `3 min 20 s`, `2 h 5 min`. @param seconds any length. */
export function formatDuration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(whole / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A number to three digits: `0.52`, `8.5`, `85`, `1234`. */
function formatNumber(value: number): string {
  if (value >= 99.5) return value.toFixed(0);
  return value.toFixed(value >= 9.95 ? 1 : 2);
}
