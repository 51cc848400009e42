import type { DatasetVisitOptions } from "../../../eval/mmeb/visit-datasets.ts";
import type { CommandContext } from "../../command-module.ts";
import type { ProgressTask } from "../../terminal/progress.ts";

/** Shows a bar for each dataset of which something has to be embedded. */
export function showDatasets({ progress }: CommandContext): {
  readonly onProgress: NonNullable<DatasetVisitOptions["onProgress"]>;
  readonly finish: () => void;
} {
  let task: ProgressTask | undefined;
  let current = "";
  return {
    onProgress({ dataset, place, datasets, done, total }) {
      if (total === 0) return;
      if (current !== dataset)
        task = progress.task({ label: `${dataset} (${place} of ${datasets})`, total, unit: "inputs", itemUnit: "inputs" });
      current = dataset;
      task?.update({ done });
    },
    finish: () => task?.finish(),
  };
}
