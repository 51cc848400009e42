import type { Graph } from "../../engine/graph/graph-builder.ts";
import { mixPrecision } from "../../engine/graph/mixed-precision.ts";
import type { Value } from "../../engine/graph/value.ts";
import type { HalfType } from "../../engine/tensor/tensor.ts";

/** What matrix products compute in; weights that are trained, and the optimiser's state, are float32 in any case. */
export type Precision = "float32" | HalfType;

/** The scope of losses and of what they are made of, in graphs of training. */
export const LOSS_SCOPE = "loss";

/** A graph of training, its backward pass with it if it has one, in a recipe's precision. Losses and the joining of paths stay in float32. */
export function inPrecision(graph: Graph, precision: Precision): Graph {
  return precision === "float32" ? graph : mixPrecision(graph, { dtype: precision, isKept });
}

function isKept({ scope }: Value): boolean {
  return KEPT.some((kept) => scope === kept || scope.startsWith(`${kept}/`));
}

const KEPT = [LOSS_SCOPE, "paths.aggregate"];
