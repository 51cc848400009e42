import { ShapeError } from "../errors/families.ts";

/** The embeddings of several inputs: one aggregate and N path vectors each, all of unit length. */
export interface EmbeddingSet {
  /** Inputs. */
  readonly count: number;
  /** N, paths per input; 1 for a single-path model. */
  readonly pathCount: number;
  /** D, numbers per vector. */
  readonly dimensions: number;
  /** [count, D] float32, unit rows. */
  readonly aggregate: Float32Array;
  /** [count, N, D] float32, unit rows. */
  readonly paths: Float32Array;
}

/** The path vectors of several inputs, without their aggregates. */
export type PathVectors = Pick<EmbeddingSet, "count" | "pathCount" | "dimensions" | "paths">;

/**
 * Checks that the matrices have the sizes the counts say.
 * @throws {ShapeError} if `aggregate` is not [count, D] or `paths` is not [count, N, D].
 */
export function checkEmbeddingSet(set: EmbeddingSet, name = "embedding set"): void {
  const { count, pathCount, dimensions } = set;
  checkLength(set.aggregate, count * dimensions, `${name}: aggregate must be [${count}, ${dimensions}]`);
  checkLength(set.paths, count * pathCount * dimensions, `${name}: paths must be [${count}, ${pathCount}, ${dimensions}]`);
}

/**
 * A set in which every input has a single vector: one path, equal to the aggregate.
 * @param vectors [count, D] float32, unit rows. @throws {ShapeError} if the length is not a multiple of `dimensions`.
 */
export function singleVectorSet(vectors: Float32Array, dimensions: number): EmbeddingSet {
  const count = vectors.length / dimensions;
  if (!Number.isInteger(count)) {
    const message = `${vectors.length} numbers are no whole number of vectors of ${dimensions}; check the dimensions`;
    throw new ShapeError({ message, details: { got: vectors.length, expected: dimensions } });
  }
  return { count, pathCount: 1, dimensions, aggregate: vectors, paths: vectors };
}

function checkLength(data: Float32Array, expected: number, rule: string): void {
  if (data.length === expected) return;
  throw new ShapeError({ message: `${rule}, ${expected} numbers; got ${data.length}`, details: { got: data.length, expected } });
}

/** The chosen rows of a set, copied, in the order given. */
export function takeRows(set: EmbeddingSet, rows: readonly number[]): EmbeddingSet {
  const { pathCount, dimensions } = set;
  return {
    count: rows.length,
    pathCount,
    dimensions,
    aggregate: gather(set.aggregate, rows, dimensions),
    paths: gather(set.paths, rows, pathCount * dimensions),
  };
}

/** The rows of several sets of one model, one set after the other. @throws {ShapeError} if their paths or dimensions differ. */
export function joinSets(sets: readonly EmbeddingSet[]): EmbeddingSet {
  const { pathCount = 1, dimensions = 0 } = sets[0] ?? {};
  for (const set of sets) {
    if (set.pathCount === pathCount && set.dimensions === dimensions) continue;
    const [got, expected] = [[set.pathCount, set.dimensions], [pathCount, dimensions]]; // prettier-ignore
    const message = `cannot join sets of [paths, dimensions] [${got.join(", ")}] and [${expected.join(", ")}]; embed all with one model`;
    throw new ShapeError({ message, details: { got, expected } });
  }
  const count = sets.reduce((sum, set) => sum + set.count, 0);
  const joined = {
    aggregate: new Float32Array(count * dimensions),
    paths: new Float32Array(count * pathCount * dimensions),
  };
  let row = 0;
  for (const set of sets) {
    joined.aggregate.set(set.aggregate, row * dimensions);
    joined.paths.set(set.paths, row * pathCount * dimensions);
    row += set.count;
  }
  return { count, pathCount, dimensions, ...joined };
}

function gather(matrix: Float32Array, rows: readonly number[], width: number): Float32Array {
  const gathered = new Float32Array(rows.length * width);
  rows.forEach((row, place) => gathered.set(matrix.subarray(row * width, (row + 1) * width), place * width));
  return gathered;
}
