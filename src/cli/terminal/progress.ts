import { isTerminal } from "./is-terminal.ts";
import { describeProgress, type ProgressState } from "./progress-text.ts";
import { RateMeter } from "./rate-meter.ts";

/** A task whose progress is shown. */
export interface TaskOptions {
  /** What is being done: `train`, `embed`. */
  readonly label: string;
  /** How many steps there are in all. */
  readonly total: number;
  /** Where it starts, if it was begun earlier (`--resume`). */
  readonly start?: number;
  /** What a step is, in the plural; default "steps". */
  readonly unit?: string;
  /** What the speed counts, in the plural; default "images". */
  readonly itemUnit?: string;
}

/** How far a task is. */
export interface ProgressUpdate {
  /** Steps done so far. */
  readonly done: number;
  /** Things treated so far (images, texts), for the speed; default `done`. */
  readonly items?: number;
  /** Loss of the latest steps. */
  readonly loss?: number;
  /** Precision@1 of the latest steps, 0 to 1. */
  readonly precisionAt1?: number;
}

/** A task that runs. */
export interface ProgressTask {
  update(update: ProgressUpdate): void;
  /** Shows where the task ended. Idempotent. */
  finish(): void;
}

/** How a command tells what it is doing, on stderr: results are never mixed with it. */
export interface Progress {
  /** Begins a task; the one before is finished. */
  task(options: TaskOptions): ProgressTask;
  /** Says something in a line of its own. */
  note(text: string): void;
  /** Finishes the running task, if any. Idempotent. */
  stop(): void;
}

/** Draws one task's states. */
export interface ProgressView {
  show(state: ProgressState): void;
  end(state: ProgressState): void;
}

/** A way of showing progress. */
export interface ProgressDisplay {
  open(options: TaskOptions): ProgressView;
  note(text: string): void;
}

/** What progress is shown with. */
export interface ProgressOptions {
  readonly stream: NodeJS.WritableStream & { readonly isTTY?: boolean };
  /** Shows nothing at all: for `--json`. */
  readonly silent?: boolean;
  /** A clock, in ms. */
  readonly now?: () => number;
}

/** Progress as a bar on a terminal, as plain lines every few seconds elsewhere, and as nothing when silent. */
export async function createProgress({ stream, silent = false, now = () => performance.now() }: ProgressOptions): Promise<Progress> {
  if (silent) return SILENT;
  const display = isTerminal(stream) ? await openBars(stream) : plainLines(stream, now);
  let running: ProgressTask | undefined;
  return {
    task(options) {
      running?.finish();
      running = startTask(display.open(options), options, now);
      return running;
    },
    note: (text) => display.note(text),
    stop: () => running?.finish(),
  };
}

const SILENT: Progress = {
  task: () => ({ update: () => undefined, finish: () => undefined }),
  note: () => undefined,
  stop: () => undefined,
};

async function openBars(stream: NodeJS.WritableStream): Promise<ProgressDisplay> {
  const { progressBars } = await import("./progress-bar.ts");
  return progressBars(stream);
}

function startTask(view: ProgressView, options: TaskOptions, now: () => number): ProgressTask {
  const start = options.start ?? 0;
  const startTime = now();
  const meter = new RateMeter(options.total, now);
  let latest: ProgressState = { ...options, done: start, elapsedSeconds: 0, over: false, ...meter.update(start, 0) };
  let finished = false;
  return {
    update(update) {
      if (finished) return;
      const rate = meter.update(update.done, update.items ?? update.done - start);
      latest = { ...options, ...update, ...rate, elapsedSeconds: (now() - startTime) / 1000, over: false };
      view.show(latest);
    },
    finish() {
      if (finished) return;
      finished = true;
      view.end({ ...latest, elapsedSeconds: (now() - startTime) / 1000, over: true });
    },
  };
}

const LINE_EVERY_MS = 5000;

/** One line every few seconds and one at the end: for logs and pipes. */
function plainLines(stream: NodeJS.WritableStream, now: () => number): ProgressDisplay {
  const write = (text: string): void => void stream.write(`${text}\n`);
  return {
    note: write,
    open() {
      let written = now();
      return {
        show(state) {
          if (now() - written < LINE_EVERY_MS) return;
          written = now();
          write(describeProgress(state));
        },
        end: (state) => write(describeProgress(state)),
      };
    },
  };
}
