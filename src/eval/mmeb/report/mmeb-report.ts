import { MMEB_DATASETS, type MmebDataset } from "../../../data/mmeb/datasets.ts";
import { collapseVerdict, type CollapseVerdict } from "../../../embed/diversity/collapse-verdict.ts";
import { meanMatrix, type PathMatrix } from "../../../embed/diversity/path-matrix.ts";
import type { BootstrapOptions } from "../../bootstrap.ts";
import type { CaseGallery } from "../../cases/query-case.ts";
import type { Fact } from "../../report/report-types.ts";
import { datasetOf, type DatasetResult } from "../dataset-result.ts";
import { byGroup, isInGroup, type MmebGroup } from "../groups.ts";
import type { OmittedParts } from "../mmeb-task.ts";
import { PUBLISHED_ROWS, type PublishedRow } from "../published.ts";
import { summariseResults, type ViewSummary } from "../summarise.ts";

/** A dataset in the report. */
export interface ReportedDataset extends Pick<MmebDataset, "name" | "metaTask" | "distribution"> {
  readonly queries: number;
  /** The mean number of candidates per query. */
  readonly candidates: number;
  readonly chance: number;
  readonly omitted: OmittedParts;
}

/** What embedding one input costs, by what is run: floating point operations. */
export interface EmbeddingFlops {
  /** One path. */
  readonly single: number;
  /** All paths. */
  readonly all: number;
}

/** One model's scores on MMEB, as `report.json` holds them; shares from 0 to 1. */
export interface MmebReport {
  readonly format: "polyvec-mmeb-report";
  readonly version: 1;
  readonly title: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** What a reader must know first: that datasets are missing, that only a subset was scored, that rows were left out. */
  readonly notices: readonly string[];
  readonly facts: readonly Fact[];
  readonly model: { readonly name: string; readonly pathCount: number };
  readonly bootstrap: { readonly seed: number; readonly resamples: number; readonly confidence: number };
  readonly datasets: readonly ReportedDataset[];
  /** Of the 36, those without a score. */
  readonly absent: readonly string[];
  /** How many datasets each group has in MMEB. */
  readonly groupSizes: Readonly<Record<MmebGroup, number>>;
  readonly views: readonly ViewSummary[];
  /** Mean rank correlation between paths, over datasets, and what it says. */
  readonly paths: { readonly rankCorrelation: PathMatrix; readonly verdict: CollapseVerdict };
  readonly embeddingFlops: EmbeddingFlops | null;
  readonly published: readonly PublishedRow[];
  /** Misses and disagreements with their pictures; null if they were not looked for. */
  readonly cases: CaseGallery | null;
}

/** What a report is made of. */
export interface MmebReportInput {
  readonly name: string;
  readonly results: readonly DatasetResult[];
  readonly createdAt: Date;
  readonly facts?: readonly Fact[];
  readonly embeddingFlops?: EmbeddingFlops | undefined;
  readonly cases?: CaseGallery | undefined;
  readonly bootstrap?: BootstrapOptions;
}

/** Works out everything a report on MMEB shows. @throws {DataError} if the results are of different models. */
export function buildMmebReport({ name, results, createdAt, facts = [], embeddingFlops, cases, bootstrap }: MmebReportInput): MmebReport {
  const options = { seed: bootstrap?.seed ?? 0, resamples: bootstrap?.resamples ?? 2000 };
  const there = new Set(results.map(({ dataset }) => dataset));
  const absent = MMEB_DATASETS.flatMap((dataset) => (there.has(dataset.name) ? [] : [dataset.name]));
  const rankCorrelation = meanMatrix(results.map((result) => result.rankCorrelation));
  return {
    format: "polyvec-mmeb-report",
    version: 1,
    title: `${name} on MMEB`,
    createdAt: createdAt.toISOString(),
    notices: [...noticesOf(results, absent), ...(cases === undefined ? [] : casesNotice(results))],
    facts,
    model: { name, pathCount: results[0]?.pathCount ?? 1 },
    bootstrap: { ...options, confidence: 0.95 },
    datasets: results.map(describeDataset),
    absent,
    groupSizes: byGroup((group) => MMEB_DATASETS.filter((dataset) => isInGroup(dataset, group)).length),
    views: summariseResults(results, options),
    paths: { rankCorrelation, verdict: collapseVerdict(rankCorrelation) },
    embeddingFlops: embeddingFlops ?? null,
    published: PUBLISHED_ROWS,
    cases: cases ?? null,
  };
}

function describeDataset(result: DatasetResult): ReportedDataset {
  const { name, metaTask, distribution } = datasetOf(result);
  const { rows, candidates, chance, omitted } = result;
  return { name, metaTask, distribution, queries: rows.length, candidates, chance, omitted };
}

/** Results that were kept before there were cases have none. */
function casesNotice(results: readonly DatasetResult[]): string[] {
  const without = results.flatMap(({ dataset, cases }) => (cases === undefined ? [dataset] : []));
  return without.length === 0 ? [] : [`No failure cases are shown of ${without.join(", ")}: their results are of an earlier version.`];
}

function noticesOf(results: readonly DatasetResult[], absent: readonly string[]): string[] {
  const scored = MMEB_DATASETS.length - absent.length;
  const subsets = [...new Set(results.flatMap(({ conditions: { subset } }) => subset ?? []))];
  const omitted = results.flatMap(({ dataset, omitted: parts }) => {
    const rows = parts.emptyRows + parts.missingRows;
    const candidates = parts.emptyCandidates + parts.missingCandidates;
    return rows + candidates === 0 ? [] : [`${dataset} ${rows} rows, ${candidates} candidates`];
  });
  return [
    ...(absent.length === 0
      ? []
      : [`Only ${scored} of MMEB's ${MMEB_DATASETS.length} datasets are scored, so these means are no MMEB scores and cannot be set against published ones. Missing: ${absent.join(", ")}.`]), // prettier-ignore
    ...(subsets.length === 0 ? [] : [`Only the first ${subsets.join(" or ")} rows of each dataset are scored.`]),
    ...(omitted.length === 0 ? [] : [`Left out because text and image are empty, or the image is missing: ${omitted.join("; ")}.`]),
  ];
}
