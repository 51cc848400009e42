import { collapseVerdict, type CollapseVerdict } from "../../embed/diversity/collapse-verdict.ts";
import { linearCka } from "../../embed/diversity/linear-cka.ts";
import { centredPathCosine } from "../../embed/diversity/path-cosine.ts";
import { pairMean, type PathMatrix } from "../../embed/diversity/path-matrix.ts";
import { RankCorrelation } from "../../embed/diversity/rank-correlation.ts";
import type { PathVectors } from "../../embed/embedding-set.ts";
import type { FloatTensor } from "../../engine/tensor/tensor.ts";
import { unitRows } from "../objective/unit-rows.ts";
import type { StepEmbeddings } from "../steps/step-engine.ts";

/** How different the paths are on a batch: means over the pairs of paths, null where nothing can be compared. */
export interface BatchDiversity {
  /** Mean cosine between two paths of a query, each path's mean taken off. */
  readonly centredCosine: number | null;
  /** Linear CKA of the queries. Biased upwards: unrelated paths give about D / (B + D). */
  readonly cka: number | null;
  /** Mean Spearman correlation of two paths' scores of the batch's targets. */
  readonly rankCorrelation: number | null;
  /** The two paths that rank most alike, from 0. */
  readonly closest: { readonly first: number; readonly second: number; readonly rankCorrelation: number } | null;
  readonly verdict: CollapseVerdict;
}

/** Queries and targets that are looked at, so that a large batch costs no more than a small part of its step. */
const MOST_QUERIES = 128;
const MOST_TARGETS = 256;

/** Measures how different the paths of a batch are: embeddings [B, N, D] and [M, N, D] of any length, N at least 2. */
export function measureBatch({ queryPaths, targetPaths }: StepEmbeddings): BatchDiversity {
  const queries = vectorsOf(queryPaths, MOST_QUERIES);
  const ranks = rankCorrelation(queries, vectorsOf(targetPaths, MOST_TARGETS));
  return {
    centredCosine: pairMean(centredPathCosine(queries)),
    cka: pairMean(linearCka(queries)),
    rankCorrelation: pairMean(ranks),
    closest: closestPair(ranks),
    verdict: collapseVerdict(ranks),
  };
}

/** The first rows at unit length. */
function vectorsOf({ shape, data }: FloatTensor, most: number): PathVectors {
  const [rows, pathCount, dimensions] = shape as [number, number, number];
  const count = Math.min(rows, most);
  const width = pathCount * dimensions;
  const paths = unitRows({ dtype: "float32", shape: [count, pathCount, dimensions], data: data.subarray(0, count * width) }).data;
  return { count, pathCount, dimensions, paths };
}

function rankCorrelation(queries: PathVectors, targets: PathVectors): PathMatrix {
  const { pathCount, dimensions } = queries;
  const correlation = new RankCorrelation(pathCount);
  const score = (query: number, target: number, path: number): number => {
    const [left, right] = [(query * pathCount + path) * dimensions, (target * pathCount + path) * dimensions];
    let sum = 0;
    for (let at = 0; at < dimensions; at++) sum += (queries.paths[left + at] as number) * (targets.paths[right + at] as number);
    return sum;
  };
  for (let query = 0; query < queries.count; query++) {
    const scores = Array.from({ length: pathCount }, (_, path) =>
      Float64Array.from({ length: targets.count }, (_, target) => score(query, target, path)),
    );
    correlation.add(scores);
  }
  return correlation.mean();
}

function closestPair(ranks: PathMatrix): BatchDiversity["closest"] {
  let closest: BatchDiversity["closest"] = null;
  ranks.forEach((row, first) =>
    row.forEach((value, second) => {
      if (second > first && value !== null && value > (closest?.rankCorrelation ?? -Infinity))
        closest = { first, second, rankCorrelation: value };
    }),
  );
  return closest;
}
