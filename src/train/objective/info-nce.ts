import {
  add,
  cast,
  div,
  less,
  matmul,
  maximum,
  minimum,
  mul,
  reduceMax,
  reduceMean,
  reduceSum,
  sub,
  transpose,
  type Operand,
} from "../../engine/graph/operators.ts";
import type { Value } from "../../engine/graph/value.ts";
import { logSumExp, softplus, swapLastAxes } from "./numerics.ts";

/** What InfoNCE compares. */
export interface InfoNceInputs {
  /** [.., B, D], unit rows. */
  readonly queries: Value;
  /** [.., M, D], unit rows: the B targets first, then hard negatives. */
  readonly targets: Value;
  /** [B, M]: 1 where the target is a positive of the query. */
  readonly positives: Value;
  /** [B, M]: 1 where the target is a known duplicate of a positive: it takes no part. */
  readonly excluded: Value;
  /** Scores are divided by it. */
  readonly temperature: Operand;
  /** Averages the loss with that of the targets looking for their queries. */
  readonly symmetric?: boolean;
}

/** What InfoNCE gives, one number per leading index of the queries. */
export interface InfoNceOutputs {
  /** [..], nats. */
  readonly loss: Value;
  /** [..]: share of queries whose best positive scores above every negative of the batch; a tie is a miss. */
  readonly precision: Value;
}

/**
 * InfoNCE over in-batch targets, mean over the queries that have a positive:
 * `-1/|P(i)| Σ_{p in P(i)} log( exp(s_ip) / (exp(s_ip) + Σ_{n in N(i)} exp(s_in)) )`, s = Q·Tᵀ / τ, N(i) all targets that are neither
 * positive nor excluded. Each of several positives is so measured against the negatives alone: positives do not push each other away
 * (as they do in the "out" form of SupCon). With one positive it is the plain cross entropy.
 * A query without negatives has loss 0; without any positive it does not count.
 * @source van den Oord et al. 2018, eq. 4; several positives as in Khosla et al. 2020, their denominators cleared of other positives.
 */
export function infoNce(inputs: InfoNceInputs): InfoNceOutputs {
  const { positives, excluded } = inputs;
  const scores = div(matmul(inputs.queries, inputs.targets, { transposeB: true }), inputs.temperature);
  const forward = directed({ scores, positives, excluded });
  if (inputs.symmetric !== true) return forward;
  const backward = directed({ scores: swapLastAxes(scores), positives: swapLastAxes(positives), excluded: swapLastAxes(excluded) });
  return { loss: mul(add(forward.loss, backward.loss), 0.5), precision: forward.precision };
}

/** What InfoNCE of every path gives. */
export interface PathInfoNceOutputs {
  /** Mean over paths, nats. */
  readonly loss: Value;
  /** [N], nats. */
  readonly perPath: Value;
  /** [N], see {@link InfoNceOutputs.precision}. */
  readonly precision: Value;
}

/** InfoNCE of each path by itself, `1/N Σ_i InfoNCE(path i)`: queries [B, N, D] against targets [M, N, D]. */
export function pathInfoNce(inputs: InfoNceInputs): PathInfoNceOutputs {
  const perPath = infoNce({ ...inputs, queries: pathsFirst(inputs.queries), targets: pathsFirst(inputs.targets) });
  return { loss: reduceMean(perPath.loss, [0]), perPath: perPath.loss, precision: perPath.precision };
}

/** `[B, N, D] -> [N, B, D]` */
export function pathsFirst(paths: Value): Value {
  return transpose(paths, [1, 0, 2]);
}

/** Takes a score out of a maximum or a sum of exponentials; far beyond every score, yet finite, so that it may be multiplied by 0. */
const OUT_OF_REACH = 1e9;

interface Directed {
  readonly scores: Value;
  readonly positives: Value;
  readonly excluded: Value;
}

function directed({ scores, positives, excluded }: Directed): InfoNceOutputs {
  const negativeScores = sub(scores, mul(maximum(positives, excluded), OUT_OF_REACH));
  const count = reduceSum(positives, [-1]);
  const counts = minimum(count, 1);
  const perPositive = mul(softplus(sub(logSumExp(negativeScores), scores)), positives);
  const perQuery = div(reduceSum(perPositive, [-1]), maximum(count, 1));
  const bestPositive = reduceMax(sub(scores, mul(sub(1, positives), OUT_OF_REACH)), [-1]);
  const hits = cast(less(reduceMax(negativeScores, [-1]), bestPositive), "float32");
  return { loss: meanOver(perQuery, counts), precision: meanOver(hits, counts) };
}

/** Mean over the last axis of the rows that count (1), [..]. */
function meanOver(rows: Value, counts: Value): Value {
  return div(reduceSum(mul(rows, counts), [-1]), maximum(reduceSum(counts, [-1]), 1));
}
