import { gather } from "../../engine/graph/operators.ts";
import type { Value } from "../../engine/graph/value.ts";
import { intTensor } from "../../engine/tensor/tensor.ts";
import { pathsFirst } from "./info-nce.ts";

/** `unordered`: every pair of paths once (i < j). `ordered`: both ways round. */
export type PairKind = "unordered" | "ordered";

/** Two different paths; of the second something is told from the first. */
export interface PathPair {
  readonly first: number;
  readonly second: number;
}

/** All pairs among `pathCount` paths: N(N-1)/2 unordered or N(N-1) ordered ones; none for a single path. */
export function pairsOf(pathCount: number, kind: PairKind = "unordered"): PathPair[] {
  const paths = Array.from({ length: pathCount }, (_, path) => path);
  return paths.flatMap((first) =>
    paths.filter((second) => (kind === "ordered" ? second !== first : second > first)).map((second) => ({ first, second })),
  );
}

/** First and second vectors of every pair, [P, B, D] each, from paths [B, N, D]. */
export function gatherPairs(paths: Value, pairs: readonly PathPair[]): { readonly first: Value; readonly second: Value } {
  const table = pathsFirst(paths);
  const pick = (member: keyof PathPair): Value =>
    gather(
      table,
      paths.builder.constant(
        intTensor(
          [pairs.length],
          pairs.map((pair) => pair[member]),
        ),
      ),
    );
  return { first: pick("first"), second: pick("second") };
}
