import type { Side } from "./estimator-graph.ts";
import type { PathPair } from "./path-pairs.ts";

/** What the estimator reads off a batch about two paths. */
export interface PairReading extends PathPair {
  readonly side: Side;
  /** vCLUB, nats per dimension. */
  readonly value: number;
  /** How much likelier q(y|x) makes y than a Gaussian that knows nothing of x, nats per dimension. */
  readonly likelihoodGain: number;
  /** Squared correlations between columns above what chance gives, in standard deviations. */
  readonly dependence: number;
}

/** What the estimator reads off a batch; means over pairs and over queries and targets. */
export interface EstimatorReading {
  /** Nats per dimension. */
  readonly negativeLogLikelihood: number;
  /** vCLUB, nats per dimension; times D for the whole vector. Loose: far above the mutual information where paths are alike. */
  readonly value: number;
  /** Bounded where vCLUB is not: what q's likelihood tells of y from x at the least, nats per dimension. */
  readonly likelihoodGain: number;
  readonly pairs: readonly PairReading[];
}

/**
 * `alive`: q tells something of y on batches it has not learnt from. `dead`: it does not, though the vectors correlate, so vCLUB means
 * nothing. `independent`: it does not, and there is nothing linear to be told either.
 */
export type EstimatorState = "alive" | "dead" | "independent";

/** The state of an estimator, and the two paths that it hangs on. */
export interface EstimatorVerdict {
  readonly state: EstimatorState;
  /** The dead pair with the strongest dependence, or the pair with the largest gain. */
  readonly pair: PairReading;
  /** One sentence; where the estimator is dead, with the way out. */
  readonly message: string;
}

/** Standard deviations above chance, over all readings together, from which on vectors are taken to depend on each other. */
const DEPENDENT = 4;

/**
 * Judges an estimator by held-out readings, averaged pair by pair: those of some 20 steps, not of the first, at which it knows nothing yet.
 * It is dead if any pair's is. Readings that are not numbers count as dead.
 */
export function judgeEstimator(readings: readonly [EstimatorReading, ...EstimatorReading[]]): EstimatorVerdict {
  const pairs = averagePairs(readings);
  const stateOf = (pair: PairReading): EstimatorState => stateOfPair(pair, readings.length);
  const dead = pairs.filter((pair) => stateOf(pair) === "dead").sort((a, b) => b.dependence - a.dependence)[0];
  if (dead !== undefined) return { state: "dead", pair: dead, message: describeDead(dead) };
  const best = pairs.reduce((a, b) => (b.likelihoodGain > a.likelihoodGain ? b : a));
  const state = stateOf(best);
  const gain = best.likelihoodGain.toFixed(4);
  const message =
    state === "alive"
      ? `the estimator of mutual information is alive: up to ${gain} nats per dimension (${describe(best)})`
      : "no path tells anything of another: the estimator finds nothing, and the vectors do not correlate";
  return { state, pair: best, message };
}

function stateOfPair({ likelihoodGain, dependence }: PairReading, readingCount: number): EstimatorState {
  if (likelihoodGain > 0) return "alive";
  return likelihoodGain <= 0 && dependence * Math.sqrt(readingCount) < DEPENDENT ? "independent" : "dead";
}

function averagePairs(readings: readonly [EstimatorReading, ...EstimatorReading[]]): PairReading[] {
  return readings[0].pairs.map((pair, at) => {
    const mean = (of: "value" | "likelihoodGain" | "dependence"): number =>
      readings.reduce((sum, reading) => sum + (reading.pairs[at]?.[of] ?? Number.NaN), 0) / readings.length;
    return { ...pair, value: mean("value"), likelihoodGain: mean("likelihoodGain"), dependence: mean("dependence") };
  });
}

function describe({ side, first, second }: PairReading): string {
  return `${side}, paths ${first + 1} and ${second + 1}`;
}

function describeDead(pair: PairReading): string {
  const { likelihoodGain, dependence } = pair;
  return (
    `the estimator of mutual information is dead (${describe(pair)}): on new batches it is ${(-likelihoodGain).toFixed(4)} nats per dimension ` +
    `worse than knowing nothing, though the vectors correlate (${dependence.toFixed(1)} standard deviations above chance); ` +
    "give it more inner steps, another learning rate or a larger batch, or set the regulariser's weight to 0"
  );
}
