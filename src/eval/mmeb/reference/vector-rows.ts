import type { EmbeddingSet } from "../../../embed/embedding-set.ts";
import { DataError } from "../../../errors/families.ts";

/** Rows of numbers that come in blocks, so that few are in memory. */
export interface VectorRows {
  readonly count: number;
  readonly dimensions: number;
  /** Blocks of whole rows, in their order: [n, D] float32 each. */
  blocks(): AsyncIterable<Float32Array>;
}

/** Which of a model's vectors stand for an input: the aggregate, one path, or all paths one after another. */
export type ReferenceVectors = "aggregate" | "all" | `path ${number}`;

/** Numbers of a vector. @throws {DataError} if the model has no such path. */
export function widthOf(vectors: ReferenceVectors, { pathCount, dimensions }: Pick<EmbeddingSet, "pathCount" | "dimensions">): number {
  if (vectors === "all") return pathCount * dimensions;
  const path = pathOf(vectors);
  if (path === undefined || path < pathCount) return dimensions;
  throw new DataError({ message: `there is no ${vectors}: the model has ${pathCount}`, details: { got: vectors, expected: pathCount } });
}

/**
 * The vectors of a set, of unit length: all paths one after another, divided by the root of their number, so that the product of two is the mean of the
 * paths' cosines. @returns [count, width]
 */
export function pickVectors(set: EmbeddingSet, vectors: ReferenceVectors): Float32Array {
  const { count, pathCount, dimensions, aggregate, paths } = set;
  if (vectors === "aggregate") return aggregate;
  if (vectors === "all") return paths.map((value) => value / Math.sqrt(pathCount));
  const path = pathOf(vectors) ?? 0;
  const picked = new Float32Array(count * dimensions);
  for (let row = 0; row < count; row++) {
    const from = (row * pathCount + path) * dimensions;
    picked.set(paths.subarray(from, from + dimensions), row * dimensions);
  }
  return picked;
}

function pathOf(vectors: ReferenceVectors): number | undefined {
  return vectors.startsWith("path ") ? Number(vectors.slice("path ".length)) : undefined;
}
