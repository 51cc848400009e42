import type { Progress, ProgressTask, TaskOptions } from "../terminal/progress.ts";

/** What is shown of something whose size is known only once it goes on. */
export interface ShownWork {
  /** Options for what does the work. */
  readonly options: {
    readonly signal: AbortSignal;
    readonly onProgress: (progress: { readonly done: number; readonly total: number }) => void;
  };
  /** To be called at the end, whatever happened. */
  readonly finish: () => void;
}

/** Shows work that reports `{done, total}` as a task; nothing is shown before its first report. */
export function showProgress(
  { progress, signal }: { readonly progress: Progress; readonly signal: AbortSignal },
  task: Pick<TaskOptions, "label" | "unit">,
): ShownWork {
  let shown: ProgressTask | undefined;
  return {
    options: {
      signal,
      onProgress({ done, total }) {
        shown ??= progress.task({ ...task, total, ...(task.unit === undefined ? {} : { itemUnit: task.unit }) });
        shown.update({ done });
      },
    },
    finish: () => shown?.finish(),
  };
}
