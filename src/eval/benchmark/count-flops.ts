import { evaluateDimension, type Bindings, type Dimension } from "../../engine/graph/dimension.ts";
import { expandComposites } from "../../engine/graph/expand-composites.ts";
import type { Graph } from "../../engine/graph/graph-builder.ts";
import type { Value, ValueOf } from "../../engine/graph/value.ts";

/**
 * Floating point operations of a graph's matrix products, those of attention included: `2 · rows · inner · columns` each. Everything else that a
 * transformer computes is small beside them and left out.
 * @throws {GraphError} if a symbol of the graph has no number.
 */
export function countFlops(graph: Graph, bindings: Bindings): number {
  const expanded = expandComposites(graph, (value) => value.operation === "attention");
  return expanded.values.reduce((sum, value) => sum + (value.operation === "matmul" ? flopsOf(value, bindings) : 0), 0);
}

function flopsOf({ inputs: [left], attributes, shape }: ValueOf<"matmul">, bindings: Bindings): number {
  const inner = (left as Value).shape.at(attributes.transposeA ? -2 : -1) as Dimension;
  return [...shape, inner].reduce<number>((product, dimension) => product * evaluateDimension(dimension, bindings), 2);
}
