import { present } from "../../errors/families.ts";
import { expandComposite } from "../graph/expansions.ts";
import { GraphBuilder, type Graph } from "../graph/graph-builder.ts";
import type { OperationName } from "../graph/operations.ts";
import type { Value, ValueOf } from "../graph/value.ts";

/** Composite operations that have no kernel of their own. */
const UNFUSED: ReadonlySet<OperationName> = new Set<OperationName>(["attention"]);

/** The graph with those composite operations expanded that no kernel computes. */
export function expandUnfused(graph: Graph): Graph {
  if (!graph.values.some((value) => UNFUSED.has(value.operation))) return graph;
  const builder = new GraphBuilder();
  const copies = new Map<Value, Value>();
  const copied = (value: Value): Value => present(copies.get(value), "a copied value");
  for (const value of graph.values) copies.set(value, builder.at(value, () => rebuild(builder, value, value.inputs.map(copied))));
  return builder.finish(Object.fromEntries([...graph.outputs].map(([name, value]) => [name, copied(value)])));
}

function rebuild(builder: GraphBuilder, value: Value, inputs: readonly Value[]): Value {
  if (value.operation === "input") return builder.input(value.attributes.name, value.dtype, value.shape);
  if (value.operation === "external") return builder.external(value.attributes.name, value.shape as number[], value.attributes.data);
  if (UNFUSED.has(value.operation)) return expandComposite(value as ValueOf<"attention">, inputs);
  return builder.emit(value.operation, inputs, value.attributes as never);
}
