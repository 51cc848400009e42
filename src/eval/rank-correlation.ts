import { symmetricMatrix, type PathMatrix } from "./path-matrix.ts";
import type { RankingTask } from "./ranking-task.ts";
import { scoreRow, type TaskEmbeddings } from "./scoring.ts";

/**
 * The mean, over every row of the tasks, of the Spearman correlation between two paths' scores of the row's candidates.
 * Rows in which one of the two paths scores all candidates alike are left out for that pair.
 */
export function meanRankCorrelation(
  tasks: readonly { readonly task: RankingTask; readonly embeddings: TaskEmbeddings }[],
  pathCount: number,
): PathMatrix {
  const sums = new Float64Array(pathCount * pathCount);
  const counts = new Float64Array(pathCount * pathCount);
  for (const { task, embeddings } of tasks) {
    for (const row of task.rows) {
      const ranks = scoreRow(row, embeddings).paths.map(standardRanks);
      for (let left = 0; left < pathCount; left++) {
        for (let right = left; right < pathCount; right++) {
          const correlation = correlate(ranks[left], ranks[right]);
          if (correlation === undefined) continue;
          const at = left * pathCount + right;
          sums[at] = (sums[at] as number) + correlation;
          counts[at] = (counts[at] as number) + 1;
        }
      }
    }
  }
  return symmetricMatrix(pathCount, (left, right) => {
    const at = left * pathCount + right;
    return (sums[at] as number) / (counts[at] as number);
  });
}

/**
 * Spearman's rank correlation of two lists: the Pearson correlation of their ranks, tied values sharing their mean rank.
 * NaN if one of the lists does not vary.
 */
export function spearman(left: ArrayLike<number>, right: ArrayLike<number>): number {
  return correlate(standardRanks(left), standardRanks(right)) ?? Number.NaN;
}

/** Ranks from 1, ties sharing their mean rank. */
export function averageRanks(values: ArrayLike<number>): Float64Array {
  const order = Uint32Array.from({ length: values.length }, (_, place) => place);
  order.sort((first, second) => (values[first] as number) - (values[second] as number));
  const ranks = new Float64Array(values.length);
  for (let start = 0; start < order.length;) {
    let end = start + 1;
    while (end < order.length && values[order[end] as number] === values[order[start] as number]) end++;
    for (let at = start; at < end; at++) ranks[order[at] as number] = (start + 1 + end) / 2;
    start = end;
  }
  return ranks;
}

/** Ranks of mean 0 and length 1; undefined if all values are equal. */
function standardRanks(values: ArrayLike<number>): Float64Array | undefined {
  const ranks = averageRanks(values);
  const centre = (ranks.length + 1) / 2;
  let square = 0;
  for (const rank of ranks) square += (rank - centre) ** 2;
  return square === 0 ? undefined : ranks.map((rank) => (rank - centre) / Math.sqrt(square));
}

function correlate(left: Float64Array | undefined, right: Float64Array | undefined): number | undefined {
  if (left === undefined || right === undefined) return undefined;
  let sum = 0;
  for (let at = 0; at < left.length; at++) sum += (left[at] as number) * (right[at] as number);
  return sum;
}
