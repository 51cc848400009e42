/**
 * Dot product of a query with one row of a matrix, summed in double precision.
 * @param query [D]. @param matrix any number of rows of D, one after another. @param offset where the row begins, in numbers.
 */
export function dotRow(query: ArrayLike<number>, matrix: Float32Array, offset: number): number {
  const dimensions = query.length;
  let even = 0;
  let odd = 0;
  let column = 0;
  for (; column + 1 < dimensions; column += 2) {
    even += (query[column] as number) * (matrix[offset + column] as number);
    odd += (query[column + 1] as number) * (matrix[offset + column + 1] as number);
  }
  if (column < dimensions) even += (query[column] as number) * (matrix[offset + column] as number);
  return even + odd;
}

/**
 * Path-aligned similarity `sum_i w_i <q_i, t_i>`: one dot product of the two inputs' concatenated paths.
 * @param query [N·D], the weights already multiplied in (see {@link weightPaths}).
 * @param matrix [count, N, D]. @param item which input of the matrix.
 */
export function pathAlignedSimilarity(query: ArrayLike<number>, matrix: Float32Array, item: number): number {
  return dotRow(query, matrix, item * query.length);
}

/** The query's paths multiplied by their weights: [N·D] float64. Without weights every path counts 1. */
export function weightPaths(query: Float32Array, pathCount: number, weights?: ArrayLike<number>): Float64Array {
  const weighted = Float64Array.from(query);
  if (weights === undefined) return weighted;
  const dimensions = query.length / pathCount;
  for (let index = 0; index < weighted.length; index++) {
    weighted[index] = (weighted[index] as number) * (weights[Math.floor(index / dimensions)] as number);
  }
  return weighted;
}

/** How {@link pathSimilarities} and {@link maxSimilarity} find the paths of two inputs. */
export interface PathPair {
  /** [N·D], the query's paths one after another. */
  readonly query: Float64Array;
  /** [count, N', D] */
  readonly matrix: Float32Array;
  /** N of the query. */
  readonly queryPaths: number;
  /** N' of the matrix. */
  readonly matrixPaths: number;
}

/**
 * All pairs of paths of a query and one input of the matrix: `out[i · N' + j] = <q_i, t_j>`.
 * Four query paths are taken at a time, so that a number of the matrix is read once for the four.
 * @param out [N, N'] float64, written.
 */
export function pathSimilarities(pair: PathPair, item: number, out: Float64Array): void {
  const { query, matrix, queryPaths, matrixPaths } = pair;
  const dimensions = query.length / queryPaths;
  for (let matrixPath = 0; matrixPath < matrixPaths; matrixPath++) {
    const offset = (item * matrixPaths + matrixPath) * dimensions;
    let queryPath = 0;
    for (; queryPath + 4 <= queryPaths; queryPath += 4) {
      const base = queryPath * dimensions;
      let first = 0;
      let second = 0;
      let third = 0;
      let fourth = 0;
      for (let column = 0; column < dimensions; column++) {
        const value = matrix[offset + column] as number;
        const at = base + column;
        first += (query[at] as number) * value;
        second += (query[at + dimensions] as number) * value;
        third += (query[at + 2 * dimensions] as number) * value;
        fourth += (query[at + 3 * dimensions] as number) * value;
      }
      const to = queryPath * matrixPaths + matrixPath;
      out[to] = first;
      out[to + matrixPaths] = second;
      out[to + 2 * matrixPaths] = third;
      out[to + 3 * matrixPaths] = fourth;
    }
    for (; queryPath < queryPaths; queryPath++) {
      const path = query.subarray(queryPath * dimensions, (queryPath + 1) * dimensions);
      out[queryPath * matrixPaths + matrixPath] = dotRow(path, matrix, offset);
    }
  }
}

/**
 * MaxSim from the pairs of {@link pathSimilarities}: `sum_i w_i max_j <q_i, t_j>`.
 * @source Khattab and Zaharia 2020 (ColBERT), eq. 3, over paths instead of tokens.
 */
export function maxSimilarity(pairs: Float64Array, queryPaths: number, weights?: ArrayLike<number>): number {
  const matrixPaths = pairs.length / queryPaths;
  let sum = 0;
  for (let queryPath = 0; queryPath < queryPaths; queryPath++) {
    let best = -Infinity;
    for (let matrixPath = 0; matrixPath < matrixPaths; matrixPath++) {
      best = Math.max(best, pairs[queryPath * matrixPaths + matrixPath] as number); // NaN stays NaN
    }
    sum += (weights?.[queryPath] ?? 1) * best;
  }
  return sum;
}
