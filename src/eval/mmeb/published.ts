import type { MmebGroup } from "./groups.ts";

/** A row of a published table: P@1 as shares from 0 to 1, null where nothing was published. */
export interface PublishedRow {
  readonly name: string;
  readonly scores: Readonly<Record<MmebGroup, number | null>>;
}

type Percents = readonly (number | null)[];

/** @param percents CLS, VQA, RET, VG, IND, OOD, all. */
const published = (name: string, [CLS, VQA, RET, VG, IND, OOD, all]: Percents): PublishedRow => {
  const share = (percent: number | null = null): number | null => (percent === null ? null : Math.round(percent * 10) / 1000);
  return {
    name,
    scores: { CLS: share(CLS), VQA: share(VQA), RET: share(RET), VG: share(VG), IND: share(IND), OOD: share(OOD), all: share(all) },
  };
};

const onlyAll = (percent: number): Percents => [null, null, null, null, null, null, percent];

/**
 * What others published on MMEB, for the table beside one's own scores.
 * @source VLM2Vec: Jiang et al. 2025 and the project's leaderboard; PDF: arXiv 2511.01588; the last three: their papers.
 */
export const PUBLISHED_ROWS: readonly PublishedRow[] = [
  published("VLM2Vec, LLaVA-1.6 low resolution, 7B", [54.7, 50.3, 56.2, 64.0, 61.0, 47.5, 55.0]),
  published("VLM2Vec, LLaVA-1.6 high resolution, 7B", [61.2, 49.9, 67.4, 86.1, 67.5, 57.1, 62.9]),
  published("VLM2Vec, Qwen2-VL 2B", [59.0, 49.4, 65.4, 73.4, 66.0, 52.6, 60.1]),
  published("VLM2Vec, Qwen2-VL 7B", [62.6, 57.8, 69.9, 81.7, 72.2, 57.8, 65.8]),
  published("PDF, LLaVA-1.6 low resolution, 7B", onlyAll(63.9)),
  published("PDF, Qwen2-VL 2B", onlyAll(64.3)),
  published("PDF, Qwen2-VL 7B", onlyAll(68.9)),
  published("B3++ 2B", onlyAll(68.1)),
  published("ReMatch 2B", onlyAll(69.2)),
  published("MetaEmbed 7B", onlyAll(76.6)),
];
