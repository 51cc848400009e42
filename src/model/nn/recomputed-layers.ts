import type { GraphBuilder } from "../../engine/graph/graph-builder.ts";
import type { Value } from "../../engine/graph/value.ts";

/** How a stack of layers goes backward. */
export interface RecomputeOptions {
  /** Computes each layer again in the backward pass, in place of keeping what is inside it: less memory, more time. */
  readonly recompute?: boolean | undefined;
}

/** Runs what builds a layer: as a recomputation region of its own, or plainly. */
export function layerBuilder(builder: GraphBuilder, { recompute = false }: RecomputeOptions): (makeLayer: () => Value) => Value {
  return (makeLayer) => (recompute ? builder.recompute(makeLayer) : makeLayer());
}
