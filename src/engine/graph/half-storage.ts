import { isHalf } from "../tensor/tensor.ts";
import { floatCasts } from "./near-casts.ts";
import type { OperationName } from "./operations.ts";
import { cast } from "./operators.ts";
import { copyValue, rebuildGraph } from "./rebuild.ts";
import type { Graph, Value } from "./value.ts";

/**
 * The graph computing in float32 where it did so in halves, every result rounded to what it was: for devices that have no arithmetic in halves. The same numbers
 * as with halves that are added up in float32, and as little memory between the operations, at the pace of float32.
 */
export function computeInFull(graph: Graph): Graph {
  if (!graph.values.some(computesInHalves)) return graph;
  const operands = floatCasts();
  return rebuildGraph(graph, (value, inputs, builder) => {
    if (!computesInHalves(value)) return undefined;
    return cast(copyValue(builder, value, operands.of(inputs)), value.dtype);
  });
}

/** Operations that every device has for halves: they move numbers, or change their type. */
const PLACES: ReadonlySet<OperationName> = new Set<OperationName>([
  ...(["input", "constant", "external", "cast", "stopGradient", "after"] as const),
  ...(["reshape", "transpose", "expand", "slice", "concat", "gather"] as const),
]);

function computesInHalves({ operation, dtype, inputs }: Value): boolean {
  return !PLACES.has(operation) && (isHalf(dtype) || inputs.some((input) => isHalf(input.dtype)));
}
