import { checkEmbeddingSet, type EmbeddingSet } from "../embed/embedding-set.ts";
import { linearCka } from "./linear-cka.ts";
import { pairMean, pairValues, symmetricMatrix, type PathMatrix } from "./path-matrix.ts";

/**
 * `distinct`: the paths rank candidates differently; `partly-collapsed`: some pair ranks alike; `collapsed`: the pairs rank alike on
 * average; `single-path`: there is nothing to compare.
 */
export type CollapseVerdict = "distinct" | "partly-collapsed" | "collapsed" | "single-path";

/** How different a model's paths are. The rank correlation decides: the cosines can look diverse where all paths rank alike. */
export interface Diversity {
  /** Mean cosine between two paths' vectors of one input. Misleads: a constant offset per path lowers it. */
  readonly rawCosine: PathMatrix;
  /** The same after each path's mean over the inputs is taken off. */
  readonly centredCosine: PathMatrix;
  /** Linear CKA: whether two paths hold the same similarities between inputs, up to rotation. */
  readonly cka: PathMatrix;
  /** Mean Spearman correlation of two paths' scores over a query's candidates. */
  readonly rankCorrelation: PathMatrix;
  readonly verdict: CollapseVerdict;
}

/** Above this rank correlation two paths count as one. */
export const COLLAPSE_THRESHOLD = 0.98;

/**
 * Measures the diversity of a model's paths.
 * @param set any inputs' embeddings, a thousand or more if the CKA is to be trusted. @param rankCorrelation see `RankCorrelation`.
 */
export function measureDiversity(set: EmbeddingSet, rankCorrelation: PathMatrix): Diversity {
  checkEmbeddingSet(set);
  return {
    rawCosine: pathCosine(set),
    centredCosine: centredPathCosine(set),
    cka: linearCka(set),
    rankCorrelation,
    verdict: collapseVerdict(rankCorrelation),
  };
}

/** The mean over inputs of the cosine between two paths' vectors, `mean_b cos(p_bi, p_bj)`. */
export function pathCosine(set: EmbeddingSet): PathMatrix {
  return meanCosine(set, new Float64Array(set.pathCount * set.dimensions));
}

/** {@link pathCosine} after each path's mean vector over the inputs is subtracted. Inputs at a path's mean are left out. */
export function centredPathCosine(set: EmbeddingSet): PathMatrix {
  return meanCosine(set, pathMeans(set));
}

/** Whether the paths still do different work, by the rank correlation of their scores. */
export function collapseVerdict(rankCorrelation: PathMatrix, threshold: number = COLLAPSE_THRESHOLD): CollapseVerdict {
  if (rankCorrelation.length < 2) return "single-path";
  // A pair without a rank correlation has a path that scores all candidates alike: it does no work of its own.
  const pairs = (rankCorrelation.length * (rankCorrelation.length - 1)) / 2;
  const values = pairValues(rankCorrelation);
  const average = pairMean(rankCorrelation);
  if (average === null || average > threshold) return "collapsed";
  return values.length < pairs || values.some((value) => value > threshold) ? "partly-collapsed" : "distinct";
}

/** [N, D] float64: each path's mean over the inputs. */
function pathMeans({ count, pathCount, dimensions, paths }: EmbeddingSet): Float64Array {
  const width = pathCount * dimensions;
  const means = new Float64Array(width);
  for (let at = 0; at < paths.length; at++) means[at % width] = (means[at % width] as number) + (paths[at] as number) / count;
  return means;
}

function meanCosine({ count, pathCount, dimensions, paths }: EmbeddingSet, offsets: Float64Array): PathMatrix {
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
