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
