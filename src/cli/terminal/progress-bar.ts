import { SingleBar } from "cli-progress";
import type { ProgressDisplay } from "./progress.ts";
import { describeSpeed, type ProgressState } from "./progress-text.ts";

const BAR_WIDTH = 24;
const CLEAR_LINE = "\r\u001B[K";

/** Progress as one bar that is redrawn in place. */
export function progressBars(stream: NodeJS.WritableStream): ProgressDisplay {
  let drawn: SingleBar | undefined;
  return {
    note(text) {
      stream.write(`${drawn?.isActive === true ? CLEAR_LINE : ""}${text}\n`);
      if (drawn?.isActive === true) drawn.render();
    },
    open({ label, total, start = 0 }) {
      let latest: ProgressState | undefined;
      const format = (): string => (latest === undefined ? label : formatBar(latest));
      const bar = new SingleBar({ stream, format, fps: 5, linewrap: true, gracefulExit: false });
      bar.start(total, start);
      drawn = bar;
      return {
        show(state) {
          latest = state;
          bar.update(state.done);
        },
        end(state) {
          latest = state;
          bar.update(state.done);
          bar.stop();
        },
      };
    },
  };
}

/** `train ██████░░░░ 120/400, loss 1.234, ...`. */
function formatBar(state: ProgressState): string {
  const share = state.total === 0 ? 1 : Math.min(1, state.done / state.total);
  const full = Math.round(share * BAR_WIDTH);
  const bar = "█".repeat(full) + "░".repeat(BAR_WIDTH - full);
  return [`${state.label} ${bar} ${state.done}/${state.total}`, ...describeSpeed(state)].join(", ");
}
