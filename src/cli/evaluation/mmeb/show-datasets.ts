import type { DatasetVisitOptions } from "../../../eval/mmeb/visit-datasets.ts";
import type { Progress, ProgressTask } from "../../terminal/progress.ts";

/** Shows a bar for each dataset of which something has to be embedded. @param before what stands before the dataset's name, if anything does. */
export function showDatasets(
  { progress }: { readonly progress: Progress },
  before?: string,
): {
  readonly onProgress: NonNullable<DatasetVisitOptions["onProgress"]>;
  readonly finish: () => void;
} {
  let task: ProgressTask | undefined;
  let current = "";
  return {
    onProgress({ dataset, place, datasets, done, total }) {
      if (total === 0) return;
      const label = `${before === undefined ? "" : `${before}: `}${dataset} (${place} of ${datasets})`;
      if (current !== dataset) task = progress.task({ label, total, unit: "inputs", itemUnit: "inputs" });
      current = dataset;
      task?.update({ done });
    },
    finish: () => task?.finish(),
  };
}
