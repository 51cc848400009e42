import type { Dimension } from "../../engine/graph/dimension.ts";
import { dimensionValue, div, l2Normalize, matmul, mul, reduceMean, reduceSum, square, sub } from "../../engine/graph/operators.ts";
import type { Value } from "../../engine/graph/value.ts";
import { floatTensor } from "../../engine/tensor/tensor.ts";
import { pairsOf } from "./path-pairs.ts";

/** Which cosines {@link orthogonality} is about. */
export interface OrthogonalityOptions {
  /**
   * Of vectors from which each path's mean over the batch has been taken. Raw cosines are met by a constant offset per path, which
   * changes no ranking; so this is what the regulariser should mean.
   */
  readonly centred: boolean;
}

/**
 * Mean squared cosine between the paths of one input, `mean_b mean_{i<j} cos²(path i, path j)`, in [0, 1].
 * @param paths [B, N, D], two paths at least; of any length if raw, of unit length if centred.
 * @returns scalar.
 */
export function orthogonality(paths: Value, { centred }: OrthogonalityOptions): Value {
  const [rows, pathCount] = paths.shape as [Dimension, number];
  const vectors = l2Normalize(centred ? sub(paths, reduceMean(paths, [0], true)) : paths);
  const cosines = matmul(vectors, vectors, { transposeB: true });
  const summed = reduceSum(mul(square(cosines), paths.builder.constant(upperTriangle(pathCount))), [0, 1, 2]);
  return div(summed, mul(dimensionValue(paths.builder, rows), pairsOf(pathCount).length));
}

function upperTriangle(size: number): ReturnType<typeof floatTensor> {
  return floatTensor(
    [size, size],
    Array.from({ length: size * size }, (_, at) => Number(at % size > Math.floor(at / size))),
  );
}
