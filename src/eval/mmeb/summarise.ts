import { estimate, meanOverTasks, QueryResampler, type BootstrapOptions, type Estimate, type Replicates } from "../bootstrap.ts";
import { readHits, type ViewHitsRecord } from "../evaluation-record.ts";
import { DataError } from "../../errors/families.ts";
import { datasetOf, type DatasetResult } from "./dataset-result.ts";
import { scoredViews, type ScoredView } from "../views.ts";
import { byGroup, isInGroup, type MmebGroup } from "./groups.ts";

/** A way of scoring, or the bound above all paths alone. */
export type MmebView = ScoredView | "oracle";

/** A mean over datasets with its interval; how many datasets it is over. */
export interface GroupEstimate extends Estimate {
  readonly datasets: number;
}

/** The scores of one view. */
export interface ViewSummary {
  readonly view: MmebView;
  /** In the order of the results. */
  readonly datasets: readonly Estimate[];
  /** Unweighted means over the datasets of a group that are there; null where none is. */
  readonly groups: Readonly<Record<MmebGroup, GroupEstimate | null>>;
}

/** The views a model has: one vector per input needs only one. */
export function viewsOf(pathCount: number): MmebView[] {
  return pathCount === 1 ? scoredViews(1) : [...scoredViews(pathCount), "oracle"];
}

/** The hits of a view, one per query. @throws {DataError} if the model has no such path. */
export function hitsOfView(hits: ViewHitsRecord, view: MmebView): Uint8Array {
  const all = readHits(hits);
  if (view === "aggregate" || view === "all" || view === "maxSim" || view === "oracle") return all[view];
  const path = all.paths[Number(view.slice("path ".length))];
  if (path !== undefined) return path;
  throw new DataError({
    message: `there is no ${view}: the model has ${all.paths.length}`,
    details: { got: view, expected: all.paths.length },
  });
}

/** Resamples every dataset's queries once, for any number of views and models that were scored on the same rows. */
class DatasetResamplers {
  readonly #options: BootstrapOptions;
  readonly #resamplers = new Map<string, QueryResampler>();

  constructor(options: BootstrapOptions) {
    this.#options = options;
  }

  /** The replicates of a view on one dataset. @throws {ShapeError} if another result on that dataset had more or fewer rows. */
  replicate(result: DatasetResult, view: MmebView): Replicates {
    const { dataset, rows } = result;
    let resampler = this.#resamplers.get(dataset);
    if (resampler === undefined) this.#resamplers.set(dataset, (resampler = new QueryResampler(dataset, rows.length, this.#options)));
    return resampler.replicate(hitsOfView(result.hits, view));
  }
}

/** Scores with 95 % bootstrap intervals, by view, dataset and group. @throws {DataError} if the results are of models of different path counts. */
export function summariseResults(results: readonly DatasetResult[], options: BootstrapOptions = {}): ViewSummary[] {
  const pathCount = results[0]?.pathCount ?? 1;
  const other = results.find((result) => result.pathCount !== pathCount);
  if (other !== undefined) {
    const message = `${other.dataset} was scored with ${other.pathCount} paths, ${results[0]?.dataset ?? ""} with ${pathCount}; score all with one model`;
    throw new DataError({ message, details: { dataset: other.dataset, got: other.pathCount, expected: pathCount } });
  }
  const resamplers = new DatasetResamplers(options);
  return viewsOf(pathCount).map((view) => summariseView(results, view, resamplers));
}

function summariseView(results: readonly DatasetResult[], view: MmebView, resamplers: DatasetResamplers): ViewSummary {
  const replicates = results.map((result) => resamplers.replicate(result, view));
  const groups = byGroup((group): GroupEstimate | null => {
    const members = replicates.filter((_, place) => isInGroup(datasetOf(results[place] as DatasetResult), group));
    return members.length === 0 ? null : { ...estimate(meanOverTasks(members)), datasets: members.length };
  });
  return { view, datasets: replicates.map((each) => estimate(each)), groups };
}
