import type { PairKind } from "./path-pairs.ts";

/** A regulariser and, for vCLUB, how its estimator is built and trained. */
export type RegulariserOptions =
  | { readonly kind: "none" }
  | { readonly kind: "orthogonality"; readonly centred: boolean }
  | {
      readonly kind: "vclub";
      readonly pairs: PairKind;
      readonly hiddenWidth: number;
      readonly learningRate: number;
      readonly innerSteps: number;
    };

/** The loss's scalars, which may change from step to step. */
export interface LossWeights {
  readonly temperature: number;
  /** a, of the mean InfoNCE of the paths. */
  readonly pathWeight: number;
  /** b, of the regulariser. */
  readonly regulariserWeight: number;
}
