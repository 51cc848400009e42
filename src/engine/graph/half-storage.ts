import { isHalf } from "../tensor/tensor.ts";
import type { OperationName } from "./operations.ts";
import { cast } from "./operators.ts";
import { copyValue, rebuildGraph } from "./rebuild.ts";
import type { Graph, Value, ValueBuilder } from "./value.ts";

/**
 * The graph computing in float32 where it did so in halves, every result rounded to what it was: for devices that have no arithmetic in halves. The same numbers
 * as with halves that are added up in float32, and as little memory between the operations, at the pace of float32.
 */
export function computeInFull(graph: Graph): Graph {
  if (!graph.values.some(computesInHalves)) return graph;
  return rebuildGraph(graph, (value, inputs, builder) => (computesInHalves(value) ? computed(value, inputs, builder) : undefined));
}

/** Operations that every device has for halves: they move numbers, or change their type. */
const PLACES: ReadonlySet<OperationName> = new Set<OperationName>([
  ...(["input", "constant", "external", "cast", "stopGradient", "after"] as const),
  ...(["reshape", "transpose", "expand", "slice", "concat", "gather"] as const),
]);

function computesInHalves({ operation, dtype, inputs }: Value): boolean {
  return !PLACES.has(operation) && (isHalf(dtype) || inputs.some((input) => isHalf(input.dtype)));
}

function computed(value: Value, inputs: readonly Value[], builder: ValueBuilder): Value {
  const whole = inputs.map((input) => (isHalf(input.dtype) ? cast(input, "float32") : input));
  return cast(copyValue(builder, value, whole), value.dtype);
}
