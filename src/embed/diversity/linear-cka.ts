import type { PathVectors } from "../embedding-set.ts";
import { symmetricMatrix, type PathMatrix } from "./path-matrix.ts";

/**
 * Linear CKA between paths, `|XᵀY|² / (|XᵀX| |YᵀY|)` with X, Y the paths' centred [count, D] matrices and Frobenius norms.
 * 1 if two paths hold the same similarities between inputs, whatever the rotation and scale. It is biased upwards for few inputs:
 * unrelated paths give about D / (count + D). Its cost grows with the square of the inputs.
 * @source Kornblith et al. 2019, eq. 3-4.
 */
export function linearCka(set: PathVectors): PathMatrix {
  const kernels = Array.from({ length: set.pathCount }, (_, path) => centredKernel(set, path));
  const norms = kernels.map((kernel) => Math.sqrt(dot(kernel, kernel)));
  return symmetricMatrix(set.pathCount, (left, right) => {
    const scale = (norms[left] as number) * (norms[right] as number);
    if (scale <= NOTHING * set.count) return Number.NaN;
    return left === right ? 1 : dot(kernels[left] as Float64Array, kernels[right] as Float64Array) / scale;
  });
}

/** The upper triangle of X Xᵀ of one path, X centred; entries off the diagonal times √2, so that a dot product is a Frobenius product. */
function centredKernel(set: PathVectors, path: number): Float64Array {
  const vectors = centredRows(set, path);
  const kernel = new Float64Array((set.count * (set.count + 1)) / 2);
  let at = 0;
  vectors.forEach((left, row) => {
    for (let other = row; other < vectors.length; other++) {
      const product = dot(left, vectors[other] as Float64Array);
      kernel[at++] = other === row ? product : product * Math.SQRT2;
    }
  });
  return kernel;
}

function centredRows({ count, pathCount, dimensions, paths }: PathVectors, path: number): Float64Array[] {
  const vectors = Array.from({ length: count }, (_, row) => {
    const start = (row * pathCount + path) * dimensions;
    return Float64Array.from(paths.subarray(start, start + dimensions));
  });
  for (let column = 0; column < dimensions; column++) {
    const centre = vectors.reduce((sum, vector) => sum + (vector[column] as number), 0) / vectors.length;
    for (const vector of vectors) vector[column] = (vector[column] as number) - centre;
  }
  return vectors;
}

function dot(left: Float64Array, right: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < left.length; at++) sum += (left[at] as number) * (right[at] as number);
  return sum;
}

/** Below this mean kernel size, centred float32 unit vectors are only rounding. */
const NOTHING = 1e-12;
