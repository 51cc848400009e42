import type { HubOptions } from "../../model/folder/hub/hub-options.ts";
import type { CommandContext } from "../command-module.ts";
import type { ProgressTask } from "./progress.ts";

const MEGABYTE = 1e6;

/** Shows the download of a model from the hub, and lets Ctrl-C stop it. */
export function showDownload({ progress, signal }: Pick<CommandContext, "progress" | "signal">): HubOptions {
  let task: ProgressTask | undefined;
  let model: string | undefined;
  return {
    signal,
    onDownload(state) {
      if (task === undefined || model !== state.model) {
        model = state.model;
        const start = Math.floor(state.done / MEGABYTE);
        task = progress.task({ label: `fetch ${model}`, total: Math.ceil(state.total / MEGABYTE), start, unit: "MB", itemUnit: "MB" });
      }
      task.update({ done: Math.ceil(state.done / MEGABYTE) });
      if (state.done >= state.total) task.finish();
    },
  };
}
