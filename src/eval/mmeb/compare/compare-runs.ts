import { MMEB_DATASETS } from "../../../data/mmeb/datasets.ts";
import { DataError, present } from "../../../errors/families.ts";
import {
  difference,
  estimate,
  meanOverTasks,
  QueryResampler,
  type BootstrapOptions,
  type Estimate,
  type Replicates,
} from "../../bootstrap.ts";
import { datasetOf, type DatasetResult } from "../dataset-result.ts";
import { byGroup, isInGroup, type MmebGroup } from "../groups.ts";
import { hitsOfView, type MmebView } from "../summarise.ts";
import type { ScoredRun } from "./read-run.ts";

/** A difference of scores with its interval and how surprising it would be if there were none. */
export interface Difference extends Estimate {
  /** Two-sided: twice the smaller share of resamples on either side of 0, those at 0 counted to both; never below 2 / resamples. */
  readonly p: number;
}

/** Two runs on the same queries: the scores, and the difference of the other from the reference. */
export interface PairedScores {
  readonly reference: number;
  readonly score: number;
  readonly difference: Difference;
}

/** Two runs on one dataset. */
export interface DatasetComparison extends PairedScores {
  readonly dataset: string;
  readonly queries: number;
  /** Queries that only the other run, or only the reference, answered. */
  readonly won: number;
  readonly lost: number;
}

/** One run beside the reference. */
export interface RunComparison {
  readonly run: RunName;
  readonly datasets: readonly DatasetComparison[];
  readonly groups: Readonly<Record<MmebGroup, PairedScores | null>>;
}

/** Which run, scored in which way. */
export interface RunName {
  readonly folder: string;
  readonly name: string;
  readonly view: MmebView;
}

/** Several runs beside the first of them. */
export interface MmebComparison {
  readonly format: "polyvec-mmeb-comparison";
  readonly version: 1;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly notices: readonly string[];
  readonly bootstrap: { readonly seed: number; readonly resamples: number; readonly confidence: number };
  readonly reference: RunName;
  readonly runs: readonly RunComparison[];
}

/**
 * Compares runs with the first of them, query by query: each pair on the datasets that all runs have, and of those on the rows that all have.
 * @throws {DataError} if there is only one run, or the runs have no dataset in common.
 */
export function compareRuns(
  runs: readonly ScoredRun[],
  { createdAt, ...options }: BootstrapOptions & { readonly createdAt: Date },
): MmebComparison {
  const [reference, ...others] = runs;
  if (reference === undefined || others.length === 0)
    throw new DataError({ message: "one run is nothing to compare; name two or more", details: {} });
  const shared = sharedRows(runs);
  if (shared.size === 0) {
    const message = `the runs ${runs.map(({ folder }) => folder).join(", ")} have no dataset with the same rows in common; evaluate them on the same data`;
    throw new DataError({ message, details: { runs: runs.map(({ folder }) => folder) } });
  }
  const settings = { seed: options.seed ?? 0, resamples: options.resamples ?? 2000 };
  const resamplers = new Map([...shared].map(([dataset, rows]) => [dataset, new QueryResampler(dataset, rows.length, settings)]));
  return {
    format: "polyvec-mmeb-comparison",
    version: 1,
    createdAt: createdAt.toISOString(),
    notices: noticesOf(runs, shared),
    bootstrap: { ...settings, confidence: 0.95 },
    reference: nameOf(reference),
    runs: others.map((run) => comparePair(run, reference, { shared, resamplers })),
  };
}

interface Shared {
  /** The rows that all runs have, by dataset. */
  readonly shared: ReadonlyMap<string, readonly number[]>;
  readonly resamplers: ReadonlyMap<string, QueryResampler>;
}

function comparePair(run: ScoredRun, reference: ScoredRun, { shared, resamplers }: Shared): RunComparison {
  const pairs = [...shared].map(([dataset, rows]) => {
    const [own, other] = [hitsOn(run, dataset, rows), hitsOn(reference, dataset, rows)];
    const resampler = present(resamplers.get(dataset), "a resampler");
    const result = present(run.results.get(dataset), "a result");
    return { result, own, other, left: resampler.replicate(own), right: resampler.replicate(other) };
  });
  return {
    run: nameOf(run),
    datasets: pairs.map(({ result, own, other, left, right }) => ({
      dataset: result.dataset,
      queries: own.length,
      won: own.filter((hit, query) => hit > (other[query] ?? 0)).length,
      lost: own.filter((hit, query) => hit < (other[query] ?? 0)).length,
      ...pairedScores(left, right),
    })),
    groups: byGroup((group) => {
      const members = pairs.filter(({ result }) => isInGroup(datasetOf(result), group));
      if (members.length === 0) return null;
      return pairedScores(meanOverTasks(members.map(({ left }) => left)), meanOverTasks(members.map(({ right }) => right)));
    }),
  };
}

function pairedScores(left: Replicates, right: Replicates): PairedScores {
  const replicates = difference(left, right);
  return { reference: right.value, score: left.value, difference: { ...estimate(replicates), p: significance(replicates) } };
}

function significance({ samples }: Replicates): number {
  const share = (holds: (sample: number) => boolean): number => samples.filter(holds).length / samples.length;
  return Math.min(1, Math.max(2 / samples.length, 2 * Math.min(share((sample) => sample <= 0), share((sample) => sample >= 0)))); // prettier-ignore
}

function hitsOn({ results, view }: ScoredRun, dataset: string, rows: readonly number[]): Uint8Array {
  const result = present(results.get(dataset), "a result");
  const hits = hitsOfView(result.hits, view);
  const places = new Map(result.rows.map((row, place) => [row, place]));
  return Uint8Array.from(rows, (row) => hits[present(places.get(row), "a row")] as number);
}

/** The datasets that all runs have, in MMEB's order, with the rows that all have. */
function sharedRows(runs: readonly ScoredRun[]): Map<string, number[]> {
  const shared = new Map<string, number[]>();
  for (const { name } of MMEB_DATASETS) {
    const all = runs.map(({ results }) => results.get(name));
    if (!all.every((result): result is DatasetResult => result !== undefined)) continue;
    const sets = all.map(({ rows }) => new Set(rows));
    const rows = (all[0]?.rows ?? []).filter((row) => sets.every((set) => set.has(row)));
    if (rows.length > 0) shared.set(name, rows);
  }
  return shared;
}

function noticesOf(runs: readonly ScoredRun[], shared: ReadonlyMap<string, readonly number[]>): string[] {
  const missing = MMEB_DATASETS.length - shared.size;
  const names = [...shared.keys()];
  const cut = names.filter((name) => runs.some(({ results }) => results.get(name)?.rows.length !== shared.get(name)?.length));
  const otherData = names.filter((name) => new Set(runs.map(({ results }) => results.get(name)?.conditions.data)).size > 1);
  return [
    ...(missing === 0 ? [] : [`Only the ${shared.size} of MMEB's ${MMEB_DATASETS.length} datasets that all runs have are compared.`]),
    ...(cut.length === 0 ? [] : [`Only the rows that all runs have are compared in ${cut.join(", ")}.`]),
    ...(otherData.length === 0 ? [] : [`The runs read different files of ${otherData.join(", ")}: are their rows the same queries?`]),
  ];
}

function nameOf({ folder, name, view }: ScoredRun): RunName {
  return { folder, name, view };
}
