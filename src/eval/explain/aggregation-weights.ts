import type { EmbeddingSet } from "../../embed/embedding-set.ts";
import { dotRow } from "../../embed/similarity.ts";

/** A path that lies so nearly in the span of those before it that weights cannot be told: the square of what is left of it. */
const LEAST_PIVOT = 1e-4;

/** How much of an aggregate may lie outside the span of its paths, as the square of a length. */
const MOST_RESIDUAL = 1e-4;

/**
 * The weights an aggregate was made of its paths with, found from the vectors alone: the aggregate is `sum_i w_i p_i`, brought to unit length, so the
 * coefficients of `G c = b`, `G_ij = <p_i, p_j>`, `b_i = <p_i, a>`, are the weights but for a factor, and `w = c / sum c` (ours). Exact to about 1e-4, as
 * the vectors are float32; the same for a gate, a mean, or what an embedder module does.
 * @returns [N]; undefined if paths are too much alike, or the aggregate is no weighted sum of them.
 */
export function aggregationWeights(set: EmbeddingSet, item: number): Float64Array | undefined {
  const { pathCount, dimensions } = set;
  const rows = Array.from({ length: pathCount }, (_, path) => {
    const from = (item * pathCount + path) * dimensions;
    return set.paths.subarray(from, from + dimensions);
  });
  const aggregate = set.aggregate.subarray(item * dimensions, (item + 1) * dimensions);
  const system = rows.map((row) => [...rows.map((other) => dotRow(row, other, 0)), dotRow(row, aggregate, 0)]);
  const coefficients = solve(system);
  if (coefficients === undefined) return undefined;
  const projected = coefficients.reduce((sum, value, path) => sum + value * dotRow(rows[path] as Float32Array, aggregate, 0), 0);
  const total = coefficients.reduce((sum, value) => sum + value, 0);
  if (!(Math.abs(1 - projected) <= MOST_RESIDUAL) || !(total > 0)) return undefined;
  return coefficients.map((value) => value / total);
}

/** Gaussian elimination of a positive definite system with its right side as last column; undefined if it is nearly singular. */
function solve(system: number[][]): Float64Array | undefined {
  const size = system.length;
  for (const [pivot, row] of system.entries()) {
    if (!((row[pivot] as number) > LEAST_PIVOT)) return undefined;
    for (const below of system.slice(pivot + 1)) {
      const factor = (below[pivot] as number) / (row[pivot] as number);
      for (let column = pivot; column <= size; column++) below[column] = (below[column] as number) - factor * (row[column] as number);
    }
  }
  const solution = new Float64Array(size);
  for (let at = size - 1; at >= 0; at--) {
    const row = system[at] as number[];
    let value = row[size] as number;
    for (let column = at + 1; column < size; column++) value -= (row[column] as number) * (solution[column] as number);
    solution[at] = value / (row[at] as number);
  }
  return solution;
}
