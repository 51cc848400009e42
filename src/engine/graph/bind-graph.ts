import { dimensionValue, expand, iota, pad, reshape, scatterAdd, slice } from "./operators.ts";
import { substitute, type Bindings, type Dimension, type Shape } from "./dimension.ts";
import { rebuildGraph } from "./rebuild.ts";
import { tensorType } from "../tensor/tensor.ts";
import type { Graph, Value, ValueBuilder } from "./value.ts";

/** The graph with numbers for some of its symbols: shapes that become known need no computing when it runs. */
export function bindGraph(graph: Graph, bindings: Bindings): Graph {
  return rebuildGraph(graph, (value, inputs, builder) => rebind(value, inputs, { builder, bindings }));
}

interface Binding {
  readonly builder: ValueBuilder;
  readonly bindings: Bindings;
}

/** Makes the operations anew whose attributes hold dimensions. */
function rebind(value: Value, inputs: readonly Value[], { builder, bindings }: Binding): Value | undefined {
  const bound = (dimension: Dimension): Dimension => substitute(dimension, bindings);
  const boundShape = (shape: Shape): Shape => shape.map(bound);
  const [x, y] = inputs as readonly [Value, Value];
  switch (value.operation) {
    case "input":
      return builder.input(value.attributes.name, tensorType(value.dtype), boundShape(value.shape));
    case "dimension":
      return dimensionValue(builder, bound(value.attributes.dimension), value.attributes.dtype);
    case "iota":
      return iota(builder, bound(value.attributes.length));
    case "reshape":
      return reshape(x, boundShape(value.attributes.shape));
    case "expand":
      return expand(x, boundShape(value.attributes.shape));
    case "slice":
      return slice(x, value.attributes.axis, [bound(value.attributes.start), bound(value.attributes.end)]);
    case "pad":
      return pad(x, value.attributes.axis, [bound(value.attributes.before), bound(value.attributes.after)]);
    case "scatterAdd":
      return scatterAdd(x, y, bound(value.attributes.rows));
    default:
      return undefined;
  }
}
