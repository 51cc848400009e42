import { symbol } from "../../engine/graph/dimension.ts";
import { GraphBuilder, type Graph } from "../../engine/graph/graph-builder.ts";
import { add, mul, reduceMean, sub } from "../../engine/graph/operators.ts";
import type { Value } from "../../engine/graph/value.ts";
import { pairGaussiansInputs, type PairGaussiansParameters, type PairGaussiansShape } from "./pair-gaussians.ts";
import { pairsOf, type PairKind, type PathPair } from "./path-pairs.ts";
import { linearDependence, marginalNegativeLogLikelihood, negativeLogLikelihood, standardisedPairs, vclub } from "./vclub.ts";

/** Queries and targets have estimators of their own. */
export const SIDES = ["queries", "targets"] as const;
export type Side = (typeof SIDES)[number];

/** What an estimator of mutual information between paths is built for. */
export interface EstimatorShape {
  readonly pathCount: number;
  readonly dimensions: number;
  readonly hiddenWidth: number;
  readonly pairs: PairKind;
}

/** Sizes of one side's networks. */
export function networksOf({ pathCount, dimensions, hiddenWidth, pairs }: EstimatorShape): PairGaussiansShape {
  return { pairCount: pairsOf(pathCount, pairs).length, dimensions, hiddenWidth };
}

/** Name prefix of one side's tensors. */
export function estimatorPrefix(side: Side): string {
  return `mutualInformation.${side}`;
}

/** Declares the estimator's tensors as inputs of a graph: fed from {@link MutualInformationEstimator.parameters}. */
export function estimatorInputs(builder: GraphBuilder, shape: EstimatorShape): Readonly<Record<Side, PairGaussiansParameters<Value>>> {
  const inputs = (side: Side): PairGaussiansParameters<Value> => pairGaussiansInputs(builder, networksOf(shape), estimatorPrefix(side));
  return { queries: inputs("queries"), targets: inputs("targets") };
}

/** Name of an output of {@link buildEstimatorGraph}, one number per pair. */
export function readingName(side: Side, reading: "value" | "likelihoodGain" | "dependence"): string {
  return `${side}.${reading}`;
}

/**
 * The estimator's own graph: its loss (mean negative log-likelihood, nats per dimension) and what it reads off a batch.
 * Inputs `queries` [B, N, D] and `targets` [M, N, D], unit vectors where they are embeddings, and the estimator's tensors.
 */
export function buildEstimatorGraph(shape: EstimatorShape): Graph {
  const builder = new GraphBuilder();
  const parameters = estimatorInputs(builder, shape);
  const pairs = pairsOf(shape.pathCount, shape.pairs);
  const sides = SIDES.map((side) => {
    const paths = builder.input(side, "float32", [symbol(side), shape.pathCount, shape.dimensions]);
    return builder.scope(side, () => readSide(paths, pairs, parameters[side]));
  });
  const [queries, targets] = sides as [SideReading, SideReading];
  const readings = sides.flatMap(({ value, likelihoodGain, dependence }, at) => {
    const side = SIDES[at] as Side;
    return Object.entries({ value, likelihoodGain, dependence }).map(
      ([name, output]) => [readingName(side, name as "value"), output] as const,
    );
  });
  return builder.finish({ loss: mul(add(queries.loss, targets.loss), 0.5), ...Object.fromEntries(readings) });
}

interface SideReading {
  readonly loss: Value;
  readonly value: Value;
  readonly likelihoodGain: Value;
  readonly dependence: Value;
}

function readSide(paths: Value, pairs: readonly PathPair[], parameters: PairGaussiansParameters<Value>): SideReading {
  const standardised = standardisedPairs(paths, pairs);
  const likelihood = negativeLogLikelihood(standardised, parameters);
  return {
    loss: reduceMean(likelihood, [0]),
    value: vclub(standardised, parameters),
    likelihoodGain: sub(marginalNegativeLogLikelihood(standardised), likelihood),
    dependence: linearDependence(standardised),
  };
}
