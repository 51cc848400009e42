import type { EmbeddingSet } from "../../embed/embedding-set.ts";
import { mean } from "../bootstrap.ts";
import { aggregationWeights } from "./aggregation-weights.ts";
import type { WeightSpread } from "./explanation.ts";

/** The aggregation weights of every item of a set, as far as they can be told. */
export function weightsOf(set: EmbeddingSet): readonly (readonly number[] | null)[] {
  return Array.from({ length: set.count }, (_, item) => {
    const weights = aggregationWeights(set, item);
    return weights === undefined ? null : Array.from(weights, (weight) => Number(weight.toFixed(4)));
  });
}

/** Mean and standard deviation of weights, path by path. */
export function weightSpread(weights: readonly (readonly number[] | null)[]): WeightSpread {
  const known = weights.filter((each) => each !== null);
  const paths = [...(known[0]?.keys() ?? [])];
  const means = paths.map((path) => mean(known.map((each) => each[path] ?? 0)));
  return {
    inputs: known.length,
    unknown: weights.length - known.length,
    mean: means,
    deviation: paths.map((path) => Math.sqrt(mean(known.map((each) => ((each[path] ?? 0) - (means[path] ?? 0)) ** 2)))),
  };
}
