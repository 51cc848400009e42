import { SIDES } from "../objective/estimator-graph.ts";
import type { EstimatorReading } from "../objective/estimator-reading.ts";
import { pairsOf, type PairKind } from "../objective/path-pairs.ts";

/** What a step logs of the estimator of mutual information, read off its batch before it learnt from it; nats per dimension. */
export interface LoggedReading {
  /** vCLUB. */
  readonly value: number;
  /** How much likelier q makes a path given another than knowing nothing does. */
  readonly likelihoodGain: number;
  readonly negativeLogLikelihood: number;
  /** `[value, likelihoodGain, dependence]` of each pair of paths, to five digits: first of the queries, then of the targets. */
  readonly pairs: readonly (readonly number[])[];
}

/** A reading as a step logs it. */
export function logReading({ value, likelihoodGain, negativeLogLikelihood, pairs }: EstimatorReading): LoggedReading {
  const packed = pairs.map((pair) => [pair.value, pair.likelihoodGain, pair.dependence].map(fiveDigits));
  return { value, likelihoodGain, negativeLogLikelihood, pairs: packed };
}

/** The reading that was logged. A number that was none when it was written (JSON's null) is none again. */
export function readingOf(
  logged: LoggedReading,
  { pathCount, pairs }: { readonly pathCount: number; readonly pairs: PairKind },
): EstimatorReading {
  const places = SIDES.flatMap((side) => pairsOf(pathCount, pairs).map((pair) => ({ side, ...pair })));
  const numberAt = (place: number, which: number): number => logged.pairs[place]?.[which] ?? Number.NaN;
  return {
    value: logged.value,
    likelihoodGain: logged.likelihoodGain,
    negativeLogLikelihood: logged.negativeLogLikelihood,
    pairs: places.map((pair, place) => ({
      ...pair,
      value: numberAt(place, 0),
      likelihoodGain: numberAt(place, 1),
      dependence: numberAt(place, 2),
    })),
  };
}

function fiveDigits(value: number): number {
  return Number(value.toPrecision(5));
}
