import type { PathVectors } from "../embedding-set.ts";
import { symmetricMatrix, type PathMatrix } from "./path-matrix.ts";

/** The mean over inputs of the cosine between two paths' vectors, `mean_b cos(p_bi, p_bj)`. */
export function pathCosine(set: PathVectors): PathMatrix {
  return meanCosine(set, new Float64Array(set.pathCount * set.dimensions));
}

/** {@link pathCosine} after each path's mean vector over the inputs is subtracted. Inputs at a path's mean are left out. */
export function centredPathCosine(set: PathVectors): PathMatrix {
  return meanCosine(set, pathMeans(set));
}

/** [N, D] float64: each path's mean over the inputs. */
function pathMeans({ count, pathCount, dimensions, paths }: PathVectors): Float64Array {
  const width = pathCount * dimensions;
  const means = new Float64Array(width);
  for (let at = 0; at < paths.length; at++) means[at % width] = (means[at % width] as number) + (paths[at] as number) / count;
  return means;
}

function meanCosine({ count, pathCount, dimensions, paths }: PathVectors, offsets: Float64Array): PathMatrix {
  const width = pathCount * dimensions;
  return symmetricMatrix(pathCount, (left, right) => {
    let sum = 0;
    let defined = 0;
    for (let item = 0; item < count; item++) {
      let [dot, leftSquare, rightSquare] = [0, 0, 0];
      for (let column = 0; column < dimensions; column++) {
        const leftAt = left * dimensions + column;
        const rightAt = right * dimensions + column;
        const a = (paths[item * width + leftAt] as number) - (offsets[leftAt] as number);
        const b = (paths[item * width + rightAt] as number) - (offsets[rightAt] as number);
        dot += a * b;
        leftSquare += a * a;
        rightSquare += b * b;
      }
      if (leftSquare <= NOTHING || rightSquare <= NOTHING) continue;
      sum += dot / Math.sqrt(leftSquare * rightSquare);
      defined++;
    }
    return sum / defined;
  });
}

/** A squared length below which a centred float32 unit vector is only rounding. */
const NOTHING = 1e-12;
