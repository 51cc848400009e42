import { present } from "../../errors/families.ts";
import { GraphBuilder, type Graph } from "./graph-builder.ts";
import { tensorType } from "../tensor/tensor.ts";
import type { Value, ValueBuilder } from "./value.ts";

/** Makes a value anew on copied inputs; `undefined` copies it as it is. */
export type Rewrite = (value: Value, inputs: readonly Value[], builder: GraphBuilder) => Value | undefined;

/** A graph made anew, value by value, each in its scope and region. */
export function rebuildGraph(graph: Graph, rewrite: Rewrite): Graph {
  const builder = new GraphBuilder();
  const copies = new Map<Value, Value>();
  const copied = (value: Value): Value => present(copies.get(value), "a copied value");
  for (const value of graph.values) {
    const inputs = value.inputs.map(copied);
    copies.set(
      value,
      builder.at(value, () => rewrite(value, inputs, builder) ?? copyValue(builder, value, inputs)),
    );
  }
  return builder.finish(Object.fromEntries([...graph.outputs].map(([name, value]) => [name, copied(value)])));
}

/** The same operation in another builder. */
export function copyValue(builder: ValueBuilder, value: Value, inputs: readonly Value[]): Value {
  if (value.operation === "input") return builder.input(value.attributes.name, tensorType(value.dtype), value.shape);
  if (value.operation === "external")
    return builder.external(value.attributes.name, value.shape as readonly number[], value.attributes.data, value.dtype);
  return builder.emit(value.operation, inputs, value.attributes);
}
