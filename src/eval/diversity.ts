import { linearCka } from "../embed/diversity/linear-cka.ts";
import { centredPathCosine, pathCosine } from "../embed/diversity/path-cosine.ts";
import type { PathMatrix } from "../embed/diversity/path-matrix.ts";
import { collapseVerdict, type CollapseVerdict } from "../embed/diversity/collapse-verdict.ts";
import { checkEmbeddingSet, takeRows, type EmbeddingSet } from "../embed/embedding-set.ts";
import { evenlySpaced } from "./evenly-spaced.ts";

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

/**
 * Measures the diversity of a model's paths.
 * @param set any inputs' embeddings, a thousand or more if the CKA is to be trusted. @param rankCorrelation see `RankCorrelation`.
 */
export function measureDiversity(set: EmbeddingSet, rankCorrelation: PathMatrix): Diversity {
  checkEmbeddingSet(set);
  return {
    rawCosine: pathCosine(set),
    centredCosine: centredPathCosine(set),
    cka: linearCka(set.count <= CKA_ROWS ? set : takeRows(set, evenlySpaced(set.count, CKA_ROWS))),
    rankCorrelation,
    verdict: collapseVerdict(rankCorrelation),
  };
}

/** Inputs that the CKA is measured on at most: evenly spaced ones if there are more. */
const CKA_ROWS = 1024;
