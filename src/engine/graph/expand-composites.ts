import { expandComposite } from "./expansions.ts";
import type { Graph } from "./graph-builder.ts";
import { isComposite } from "./operations.ts";
import { rebuildGraph } from "./rebuild.ts";
import type { Value, ValueOf } from "./value.ts";

/** The graph with those composite operations expanded into primitive ones that `wanted` names. */
export function expandComposites(graph: Graph, wanted: (value: Value) => boolean): Graph {
  const chosen = (value: Value): boolean => isComposite(value.operation) && wanted(value);
  if (!graph.values.some(chosen)) return graph;
  return rebuildGraph(graph, (value, inputs) => (chosen(value) ? expandComposite(value as ValueOf<"attention">, inputs) : undefined));
}
